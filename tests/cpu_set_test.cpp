// tests/cpu_set_test.cpp - cpu lists in the kernel's syntax, there and back.
#include <stator/platform/cpu_set.hpp>

#include <vector>

#include <gtest/gtest.h>

namespace {

using stator::platform::cpus;
using stator::platform::CpuSet;

TEST(CpuSet, a_list_comes_back_as_the_kernel_writes_it) {
    for (const char* text : {"", "0", "0-3,8", "1,3,5", "63-64", "0-1023", "1000"}) {
        const auto set = CpuSet::parse(text);
        ASSERT_TRUE(set.has_value()) << text;
        EXPECT_EQ(set->text(), text);
    }
    EXPECT_EQ(CpuSet::parse("3,1-2,2")->text(), "1-3") << "sorted and joined";
}

TEST(CpuSet, what_is_no_list_is_refused) {
    for (const char* text : {",", "0,", ",0", "-1", "3-1", "0-", "a", "0 1", " 0", "0x1", "1024",
                             "0-1024", "99999999999999999999", "1--2", "1-2-3"})
        EXPECT_FALSE(CpuSet::parse(text).has_value()) << text;
}

TEST(CpuSet, members_are_found_in_ascending_order) {
    constexpr CpuSet set = cpus("5,63-65,1023");
    std::vector<int> found;
    for (int cpu = set.first(); cpu >= 0; cpu = set.next(cpu + 1)) found.push_back(cpu);
    EXPECT_EQ(found, (std::vector<int>{5, 63, 64, 65, 1023}));
    EXPECT_EQ(set.count(), 5);
    EXPECT_EQ(CpuSet{}.first(), -1);
}

TEST(CpuSet, numbers_out_of_range_are_no_members) {
    CpuSet set;
    set.add(-1);
    set.add(1024);
    EXPECT_TRUE(set.empty());
    EXPECT_FALSE(set.contains(-1));
    EXPECT_FALSE(set.contains(1024));
}

TEST(CpuSet, sets_are_joined_cut_and_compared) {
    constexpr CpuSet a = cpus("0-3"), b = cpus("2-5");
    static_assert((a | b) == cpus("0-5"));
    static_assert((a & b) == cpus("2-3"));
    static_assert(a.without(b) == cpus("0-1"));
    static_assert(a != b);
}

}  // namespace
