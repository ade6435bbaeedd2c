// tests/registry_test.cpp - slots of running work: one owner each, never a torn picture, and none
// of the ancestor's races (hazards R1 to R6).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <stator/core/registry.hpp>

namespace stator {
namespace {

Running work(std::uint64_t n) {
    return {.id = n, .kind = ShortName("kind"), .worker = n, .started = n};
}

TEST(registry, a_slot_has_one_owner_and_the_index_stays_with_it) {
    Registry<4> registry;
    std::set<std::uint32_t> indices;
    for (int i = 0; i < 4; ++i) indices.insert(registry.claim().index);
    EXPECT_EQ(indices, (std::set<std::uint32_t>{0, 1, 2, 3}));
    EXPECT_FALSE(registry.claim().is_valid());
    EXPECT_FALSE(registry.claim(2).is_valid());
    EXPECT_EQ(registry.overflows(), 2U);
}

TEST(registry, the_search_begins_at_the_hint_and_goes_round) {
    Registry<3> registry;
    EXPECT_EQ(registry.claim(5).index, 2U);  // 5 % 3
    EXPECT_EQ(registry.claim(5).index, 0U);
    EXPECT_EQ(registry.claim(5).index, 1U);
}

TEST(registry, a_stale_handle_is_refused_and_changes_nothing) {
    Registry<1> registry;
    const RegistryHandle first = registry.claim();
    EXPECT_TRUE(registry.give_back(first));
    EXPECT_FALSE(registry.give_back(first));
    const RegistryHandle second = registry.claim();
    EXPECT_EQ(second.index, first.index);
    EXPECT_FALSE(registry.give_back(first));
    EXPECT_FALSE(registry.claim().is_valid());  // the second owner still has it
    EXPECT_TRUE(registry.give_back(second));
    EXPECT_FALSE(registry.give_back(RegistryHandle{}));
}

TEST(registry, every_stale_handle_of_65536_uses_of_one_slot_is_refused) {
    Registry<1> registry;
    std::vector<RegistryHandle> old;
    for (int i = 0; i < 65'536; ++i) {
        old.push_back(registry.claim());
        ASSERT_TRUE(registry.give_back(old.back()));
    }
    const RegistryHandle owner = registry.claim();
    for (const RegistryHandle& handle : old) ASSERT_FALSE(registry.give_back(handle));
    EXPECT_TRUE(registry.give_back(owner));
}

TEST(registry, generations_wrap) {
    RegistrySlot slot((std::uint64_t{1} << 63) - 1);
    std::uint64_t last = 0, next = 0;
    ASSERT_TRUE(slot.claim(last));
    EXPECT_EQ(last, (std::uint64_t{1} << 63) - 1);
    EXPECT_TRUE(slot.give_back(last));
    ASSERT_TRUE(slot.claim(next));
    EXPECT_EQ(next, 0U);
    EXPECT_FALSE(slot.give_back(last));
    EXPECT_TRUE(slot.give_back(next));
}

TEST(registry, work_that_begins_and_ends_leaves_the_age_of_other_work_alone) {  // hazard R1
    Registry<4> registry;
    const RegistryHandle old = registry.claim();
    registry.begin(old, work(7));
    for (std::uint64_t n = 100; n < 200; ++n) {
        const RegistryHandle churn = registry.claim();
        registry.begin(churn, work(n));
        registry.end(churn);
        ASSERT_TRUE(registry.give_back(churn));
    }
    std::vector<Running> seen;
    registry.each([&](const Running& r) { seen.push_back(r); });
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].id, 7U);
    EXPECT_EQ(seen[0].started, 7U);
    EXPECT_EQ(seen[0].kind.text(), "kind");
}

TEST(registry, a_reader_sees_id_worker_and_start_of_the_same_work) {  // hazards R2, R3
    auto registry = std::make_unique<Registry<2>>();
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    for (std::uint64_t w = 0; w < 2; ++w)
        writers.emplace_back([&, w] {
            const RegistryHandle mine = registry->claim(w);
            for (std::uint64_t n = 1 + w; !stop.load(std::memory_order::relaxed);
                 n += 2) {  // a flag
                registry->begin(mine, work(n));
                registry->end(mine);
            }
        });
    std::uint64_t seen = 0, torn = 0;
    for (int i = 0; i < 20'000; ++i) {
        registry->each([&](const Running& r) {
            ++seen;
            torn += r.worker != r.id || r.started != r.id ? 1 : 0;
        });
        if (i % 64 == 0) std::this_thread::yield();
    }
    stop.store(true, std::memory_order::relaxed);  // a flag
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(torn, 0U);
    EXPECT_GT(seen, 0U);
}

TEST(registry, threads_that_claim_at_once_get_different_slots) {
    Registry<64> registry;
    std::array<std::atomic<int>, 64> owners{};
    std::atomic<int> doubled{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 20'000; ++i) {
                const RegistryHandle mine = registry.claim();
                if (!mine.is_valid()) continue;
                auto& owner = owners[mine.index];
                if (owner.fetch_add(1, std::memory_order::relaxed) != 0)  // a count alone
                    doubled.fetch_add(1, std::memory_order::relaxed);     // a count alone
                owner.fetch_sub(1, std::memory_order::relaxed);           // a count alone
                (void)registry.give_back(mine);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(doubled.load(), 0);
    for (int i = 0; i < 64; ++i) EXPECT_TRUE(registry.claim().is_valid());
}

}  // namespace
}  // namespace stator
