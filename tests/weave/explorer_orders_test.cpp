// tests/weave/explorer_orders_test.cpp - the orders of a program are listed, and each can be made
// weaker from outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include <weave/weave.hpp>

namespace {

using enum std::memory_order;

struct Publish {
    weave::atomic<bool> ready{false};
    weave::plain<int> item{0};

    void writer() {
        weave::write(item) = 42;
        ready.store(true, release);
    }
    void reader() {
        if (ready.load(acquire)) weave::expect(weave::read(item) == 42, "the item is whole");
    }
};
weave::Report play() {
    return weave::explore<Publish>({}, &Publish::writer, &Publish::reader);
}

TEST(explorer, every_order_is_needed_that_fails_when_it_is_weaker) {
    weave::Engine& engine = weave::Engine::the();
    std::vector<weave::Weakening> orders;
    engine.orders_seen = &orders;
    EXPECT_TRUE(play().complete);
    engine.orders_seen = nullptr;
    ASSERT_EQ(orders.size(), 2u);
    for (weave::Weakening order : orders) {
        EXPECT_TRUE(order.from == release || order.from == acquire);
        order.to = relaxed;
        engine.weakening = order;
        EXPECT_TRUE(play().failed);
        engine.weakening = {};
    }
    EXPECT_TRUE(play().complete);
}

}  // namespace
