// tests/weave/explorer_example_test.cpp - how a test with the explorer is written.
#include <gtest/gtest.h>

#include <weave/weave.hpp>

namespace {

struct Publish {
    weave::atomic<bool> ready{false};
    weave::plain<int> item{0};

    void writer() {
        weave::write(item) = 42;
        ready.store(true, std::memory_order::release);
    }
    void reader() {
        if (ready.load(std::memory_order::acquire))
            weave::expect(weave::read(item) == 42, "an item that is ready is whole");
    }
};

TEST(example, an_item_that_is_ready_is_whole) {
    const weave::Report report =
        weave::explore<Publish>({.preemptions = 3}, &Publish::writer, &Publish::reader);
    EXPECT_TRUE(report.complete) << report.text();
}

}  // namespace
