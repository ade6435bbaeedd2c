// tests/machine_check_test.cpp - a board and a machine that differ are told apart, line by line.
#include <stator/core/machine_check.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace stator;
using platform::MachineFacts;

constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-3"), .memory_bytes = 16ull << 30},
    {.id = 1, .cpus = cpus("4-7"), .memory_bytes = 16ull << 30},
};
constexpr int distances[] = {10, 21, 21, 10};
constexpr CpuSet smt[] = {cpus("0,1"), cpus("2,3"), cpus("4,5"), cpus("6,7")};
constexpr CpuSet caches[] = {cpus("0-3"), cpus("4-7")};
constexpr Worker workers[] = {{.name = "w", .cpu = 5, .roles = {}}};
constexpr Board board = {.name = "test",
                         .machine = {.architecture = "x86_64",
                                     .page_bytes = 4096,
                                     .cache_line_bytes = 64,
                                     .cpus = cpus("0-7"),
                                     .nodes = nodes,
                                     .distances = distances,
                                     .smt = smt,
                                     .last_caches = caches},
                         .housekeeping = cpus("0"),
                         .workers = workers,
                         .memory = {}};

MachineFacts same() {
    MachineFacts f;
    f.architecture = "x86_64";
    f.page_bytes = 4096;
    f.cache_line_bytes = 64;
    f.cpus = f.allowed = cpus("0-7");
    f.nodes = {{.id = 0, .cpus = cpus("0-3"), .memory_bytes = 16ull << 30},
               {.id = 1, .cpus = cpus("4-7"), .memory_bytes = 16ull << 30}};
    f.distances = {10, 21, 21, 10};
    f.smt = {cpus("0,1"), cpus("2,3"), cpus("4,5"), cpus("6,7")};
    f.last_caches = {cpus("0-3"), cpus("4-7")};
    f.from_kernel = true;
    return f;
}

// The one line in which the machine differs; it must say all of `parts`.
void expect_one_line(const Board& b, const MachineFacts& f, std::vector<std::string> parts) {
    const auto lines = differences(b, f);
    ASSERT_EQ(lines.size(), 1u) << (lines.empty() ? "" : lines[0] + " / " + lines.back());
    for (const std::string& part : parts)
        EXPECT_NE(lines[0].find(part), std::string::npos) << lines[0] << "  lacks  " << part;
}

TEST(MachineCheck, the_boards_own_machine_has_no_difference) {
    EXPECT_TRUE(differences(board, same()).empty());
    EXPECT_TRUE(verify(board, same()).ok());
}

TEST(MachineCheck, an_offline_cpu_is_told_with_the_command_that_brings_it_up) {
    MachineFacts f = same();
    f.cpus.remove(3);
    f.allowed.remove(3);
    f.offline.add(3);
    f.nodes[0].cpus.remove(3);
    f.smt = {cpus("0,1"), cpus("4,5"), cpus("6,7")};
    f.last_caches[0].remove(3);
    expect_one_line(board, f, {"cpu 3", "offline", "/sys/devices/system/cpu/cpu3/online"});
}

TEST(MachineCheck, a_missing_node_is_told_with_what_the_board_says_of_it) {
    MachineFacts f = same();
    f.cpus = f.allowed = cpus("0-3");
    f.nodes.pop_back();
    f.distances = {10};
    f.smt = {cpus("0,1"), cpus("2,3")};
    f.last_caches = {cpus("0-3")};
    const auto lines = differences(board, f);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_NE(lines[0].find("cpus 4-7"), std::string::npos) << lines[0];
    EXPECT_NE(lines[1].find("node 1"), std::string::npos) << lines[1];
    EXPECT_NE(lines[1].find("stator board gen"), std::string::npos) << "the remedy";
}

TEST(MachineCheck, a_larger_machine_differs_unless_the_board_allows_it) {
    MachineFacts f = same();
    f.cpus = f.allowed = cpus("0-11");
    f.nodes.push_back({.id = 2, .cpus = cpus("8-11"), .memory_bytes = 16ull << 30});
    f.nodes[0].memory_bytes = 32ull << 30;
    EXPECT_EQ(differences(board, f).size(), 3u);
    Board lenient = board;
    lenient.allow_larger_machine = true;
    EXPECT_TRUE(differences(lenient, f).empty());
}

TEST(MachineCheck, a_smaller_memory_differs_and_a_few_percent_do_not) {
    MachineFacts f = same();
    f.nodes[1].memory_bytes = 15ull << 30;
    EXPECT_TRUE(differences(board, f).empty());
    f.nodes[1].memory_bytes = 8ull << 30;
    expect_one_line(board, f, {"node 1", "16384 MiB", "8192 MiB"});
}

TEST(MachineCheck, switched_hyper_threading_is_told) {
    MachineFacts f = same();
    f.smt.clear();
    const auto lines = differences(board, f);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_NE(lines[0].find("cpus 0-1"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("hyper-threading"), std::string::npos);
}

TEST(MachineCheck, a_cpu_outside_the_cpuset_is_told_when_the_board_uses_it) {
    MachineFacts f = same();
    f.allowed = cpus("0-4");
    expect_one_line(board, f, {"cpu 5", "may not", "cpuset"});
    f.allowed = cpus("0,5");
    EXPECT_TRUE(differences(board, f).empty()) << "cpus that nobody uses do not matter";
}

TEST(MachineCheck, every_single_fact_counts) {
    MachineFacts f = same();
    f.architecture = "aarch64";
    expect_one_line(board, f, {"architecture", "x86_64", "aarch64"});
    f = same();
    f.page_bytes = 65'536;
    expect_one_line(board, f, {"page size", "65536"});
    f = same();
    f.cache_line_bytes = 128;
    expect_one_line(board, f, {"cache line", "128"});
    f = same();
    f.distances[1] = 32;
    expect_one_line(board, f, {"distance from node 0 to node 1", "21", "32"});
    f = same();
    f.last_caches = {cpus("0-7")};
    EXPECT_FALSE(differences(board, f).empty());
    f = same();
    f.nodes[0].cpus = cpus("0-2");
    f.nodes[1].cpus = cpus("3-7");
    EXPECT_EQ(differences(board, f).size(), 2u) << "a cpu on another node";
}

TEST(MachineCheck, facts_that_are_not_the_kernels_are_refused) {
    MachineFacts f = same();
    f.from_kernel = false;
    f.source = "HWLOC_XMLFILE=some.xml";
    const auto s = verify(board, f);
    EXPECT_EQ(s.cause(), platform::Cause::machine_unknown);
    EXPECT_NE(s.text().find("HWLOC_XMLFILE=some.xml"), std::string::npos) << s.text();
    EXPECT_NE(s.text().find("HWLOC_THISSYSTEM=1"), std::string::npos);
}

}  // namespace
