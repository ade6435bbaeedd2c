// tests/machine_check_test.cpp - a board and a machine that differ are told apart, line by line.
#include <stator/core/machine_check.hpp>

#include <algorithm>
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
constexpr CpuSet packages[] = {cpus("0-3"), cpus("4-7")};
constexpr Worker workers[] = {{.name = "w", .cpu = 5, .roles = {}}};
constexpr Board board = {.name = "test",
                         .machine = {.architecture = "x86_64",
                                     .page_bytes = 4096,
                                     .cache_line_bytes = 64,
                                     .cpus = cpus("0-7"),
                                     .nodes = nodes,
                                     .distances = distances,
                                     .smt = smt,
                                     .last_caches = caches,
                                     .last_cache_bytes = 32u << 20,
                                     .packages = packages},
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
    f.last_cache_bytes = 32u << 20;
    f.packages = {cpus("0-3"), cpus("4-7")};
    f.from_kernel = true;
    return f;
}

// The same machine without one of its cpus, which is absent.
MachineFacts without(MachineFacts f, int cpu) {
    f.cpus.remove(cpu);
    f.allowed.remove(cpu);
    for (auto& node : f.nodes) node.cpus.remove(cpu);
    for (auto* groups : {&f.smt, &f.last_caches, &f.packages}) {
        for (CpuSet& group : *groups) group.remove(cpu);
        std::erase_if(*groups, [](const CpuSet& group) { return group.count() < 2; });
    }
    return f;
}

MachineFacts offline(MachineFacts f, int cpu) {
    f = without(std::move(f), cpu);
    f.offline.add(cpu);
    return f;
}

std::string all_of(const std::vector<Difference>& found) {
    std::string text;
    for (const Difference& d : found) text += "\n  " + d.text();
    return text;
}

// The one difference, of this kind and severity; its line must say all of `parts`.
void expect_one(const Board& b, const MachineFacts& f, DifferenceKind kind, Severity severity,
                const std::vector<std::string>& parts) {
    const auto found = differences(b, f);
    ASSERT_EQ(found.size(), 1u) << all_of(found);
    EXPECT_EQ(name_of(found[0].kind), name_of(kind)) << found[0].text();
    EXPECT_EQ(found[0].severity, severity) << found[0].text();
    for (const std::string& part : parts)
        EXPECT_NE(found[0].text().find(part), std::string::npos)
            << found[0].text() << "  lacks  " << part;
    EXPECT_EQ(found[0].text().find('\n'), std::string::npos) << "a line of its own";
}

TEST(MachineCheck, the_boards_own_machine_has_no_difference) {
    EXPECT_TRUE(differences(board, same()).empty()) << all_of(differences(board, same()));
    std::vector<std::string> warnings;
    EXPECT_TRUE(verify(board, same(), warnings).ok());
    EXPECT_TRUE(warnings.empty());
}

TEST(MachineCheck, an_offline_cpu_is_told_with_the_command_that_brings_it_up) {
    expect_one(board, offline(same(), 5), DifferenceKind::cpu_offline, Severity::refused,
               {"cpu 5", "offline", "worker 'w'", "/sys/devices/system/cpu/cpu5/online"});
    expect_one(board, offline(same(), 0), DifferenceKind::cpu_offline, Severity::refused,
               {"cpu 0", "housekeeping"});
    expect_one(board, offline(same(), 3), DifferenceKind::cpu_offline, Severity::warning,
               {"cpu 3", "no worker is concerned"});
}

TEST(MachineCheck, a_missing_cpu_refuses_when_the_board_uses_it_and_warns_when_not) {
    expect_one(board, without(same(), 5), DifferenceKind::cpu_missing, Severity::refused,
               {"cpu 5", "worker 'w'", "stator board gen"});
    expect_one(board, without(same(), 2), DifferenceKind::cpu_missing, Severity::warning,
               {"cpu 2"});
    const auto both = differences(board, without(without(same(), 2), 5));
    ASSERT_EQ(both.size(), 2U) << all_of(both);
    EXPECT_EQ(both[0].severity, Severity::refused) << "what refuses comes first";
    EXPECT_EQ(both[1].severity, Severity::warning);
}

TEST(MachineCheck, a_missing_node_is_told_with_what_the_board_says_of_it) {
    MachineFacts f = same();
    f.cpus = f.allowed = cpus("0-3");
    f.nodes.pop_back();
    f.distances = {10};
    f.smt = {cpus("0,1"), cpus("2,3")};
    f.last_caches = f.packages = {cpus("0-3")};
    const auto found = differences(board, f);
    ASSERT_EQ(found.size(), 3u) << all_of(found);
    EXPECT_NE(found[0].text().find("cpu 5"), std::string::npos) << "of the worker";
    EXPECT_EQ(found[1].kind, DifferenceKind::node_missing);
    EXPECT_EQ(found[1].severity, Severity::refused);
    EXPECT_NE(found[1].text().find("node 1"), std::string::npos) << found[1].text();
    EXPECT_NE(found[1].text().find("stator board gen"), std::string::npos) << "the remedy";
    EXPECT_NE(found[2].text().find("cpus 4,6-7"), std::string::npos) << "of nobody";
    EXPECT_EQ(found[2].severity, Severity::warning);
}

TEST(MachineCheck, a_missing_node_without_workers_only_warns) {
    static constexpr Node three[] = {
        nodes[0], nodes[1], {.id = 2, .cpus = {}, .memory_bytes = 64ull << 30}};
    Board b = board;
    b.machine.nodes = three;
    b.machine.distances = {};
    MachineFacts f = same();
    f.distances.clear();
    expect_one(b, f, DifferenceKind::node_missing, Severity::warning,
               {"node 2", "no cpu", "65536 MiB", "no worker is concerned"});
}

TEST(MachineCheck, a_larger_machine_refuses_and_where_the_board_allows_it_warns) {
    MachineFacts f = same();
    f.cpus = f.allowed = cpus("0-11");
    f.nodes.push_back({.id = 2, .cpus = cpus("8-11"), .memory_bytes = 16ull << 30});
    f.distances = {10, 21, 31, 21, 10, 31, 31, 31, 10};
    f.nodes[0].memory_bytes = 32ull << 30;
    Board lenient = board;
    lenient.allow_larger_machine = true;
    for (const Board& b : {board, lenient}) {
        const auto found = differences(b, f);
        ASSERT_EQ(found.size(), 3u) << all_of(found);
        for (const Difference& d : found)
            EXPECT_EQ(d.severity, b.allow_larger_machine ? Severity::warning : Severity::refused)
                << d.text();
    }
    std::vector<std::string> warnings;
    EXPECT_EQ(verify(board, f, warnings).cause(), platform::Cause::machine_differs);
    EXPECT_TRUE(warnings.empty()) << "they are in the refusal";
    EXPECT_TRUE(verify(lenient, f, warnings).ok());
    EXPECT_EQ(warnings.size(), 3U);
}

TEST(MachineCheck, a_smaller_memory_differs_and_a_few_percent_do_not) {
    MachineFacts f = same();
    f.nodes[1].memory_bytes = 15ull << 30;
    EXPECT_TRUE(differences(board, f).empty());
    f.nodes[1].memory_bytes = 17ull << 30;
    EXPECT_TRUE(differences(board, f).empty());
    f.nodes[1].memory_bytes = 8ull << 30;
    expect_one(board, f, DifferenceKind::node_too_small, Severity::refused,
               {"node 1", "16384 MiB", "8192 MiB", "worker 'w'"});
    f.nodes[1].memory_bytes = 0;
    expect_one(board, f, DifferenceKind::node_without_memory, Severity::refused,
               {"node 1", "none", "chmem"});
    f = same();
    f.nodes[0].memory_bytes = 0;
    expect_one(board, f, DifferenceKind::node_without_memory, Severity::warning,
               {"node 0", "no worker is concerned"});
}

TEST(MachineCheck, smt_switched_off_is_one_line_with_its_switch) {
    MachineFacts f = same();
    for (const int cpu : {1, 3, 5, 7}) f = offline(std::move(f), cpu);
    expect_one(board, f, DifferenceKind::smt_off, Severity::refused,
               {"cpus 1,3,5,7", "SMT is off", "worker 'w'", "echo on > ", "smt/control"});
    static constexpr Worker first_of_core[] = {{.name = "w", .cpu = 4, .roles = {}}};
    Board b = board;
    b.workers = first_of_core;
    expect_one(b, f, DifferenceKind::smt_off, Severity::warning, {"no worker is concerned"});
}

TEST(MachineCheck, smt_switched_on_is_one_line_with_its_switch) {
    static constexpr Node half[] = {
        {.id = 0, .cpus = cpus("0,2"), .memory_bytes = 16ull << 30},
        {.id = 1, .cpus = cpus("4,6"), .memory_bytes = 16ull << 30},
    };
    static constexpr CpuSet half_caches[] = {cpus("0,2"), cpus("4,6")};
    static constexpr Worker worker[] = {{.name = "w", .cpu = 4, .roles = {}}};
    Board b = board;
    b.machine.cpus = cpus("0,2,4,6");
    b.machine.nodes = half;
    b.machine.smt = {};
    b.machine.last_caches = b.machine.packages = half_caches;
    b.workers = worker;
    expect_one(b, same(), DifferenceKind::smt_on, Severity::refused,
               {"cpus 1,3,5,7", "SMT is on", "worker 'w'", "echo off > ", "smt/control"});
    b.allow_larger_machine = true;
    expect_one(b, same(), DifferenceKind::smt_on, Severity::warning, {"share their cores"});
}

TEST(MachineCheck, cores_that_share_otherwise_are_told_a_line_each) {
    MachineFacts f = same();
    f.smt.clear();
    auto found = differences(board, f);
    ASSERT_EQ(found.size(), 4u);
    EXPECT_NE(found[0].text().find("cpus 4-5"), std::string::npos) << "the worker's comes first";
    EXPECT_EQ(found[0].kind, DifferenceKind::core);
    EXPECT_EQ(found[0].severity, Severity::refused);
    EXPECT_EQ(found[1].severity, Severity::warning);
    f = same();
    f.last_caches = {cpus("0-7")};
    found = differences(board, f);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, DifferenceKind::last_cache);
    EXPECT_EQ(found[0].severity, Severity::refused);
}

TEST(MachineCheck, what_the_cpuset_forbids_is_told_when_the_board_uses_it) {
    MachineFacts f = same();
    f.allowed = cpus("0-4");
    expect_one(board, f, DifferenceKind::cpu_denied, Severity::refused,
               {"cpu 5", "may not", "cpuset.cpus"});
    f.allowed = cpus("0,5");
    EXPECT_TRUE(differences(board, f).empty()) << "cpus that nobody uses do not matter";
    f.nodes[1].allowed = false;
    expect_one(board, f, DifferenceKind::node_denied, Severity::refused,
               {"node 1", "may not", "cpuset.mems"});
    f = same();
    f.nodes[0].allowed = false;
    EXPECT_TRUE(differences(board, f).empty()) << "nor memory";
}

TEST(MachineCheck, a_cpu_on_another_node_is_one_line) {
    MachineFacts f = same();
    f.nodes[0].cpus = cpus("0-3,5");
    f.nodes[1].cpus = cpus("4,6-7");
    expect_one(board, f, DifferenceKind::cpu_on_another_node, Severity::refused,
               {"cpu 5", "the board says node 1", "this machine says node 0", "worker 'w'"});
    f = same();
    f.nodes[0].cpus = cpus("0-1");
    f.nodes[1].cpus = cpus("2-7");
    expect_one(board, f, DifferenceKind::cpu_on_another_node, Severity::warning, {"cpus 2-3"});
}

TEST(MachineCheck, distances_refuse_between_nodes_of_workers) {
    MachineFacts f = same();
    f.distances[1] = 32;
    expect_one(board, f, DifferenceKind::distance, Severity::warning,
               {"distance from node 0 to node 1", "21", "32"});
    static constexpr Worker on_both[] = {{.name = "v", .cpu = 2, .roles = {}}, workers[0]};
    Board b = board;
    b.workers = on_both;
    expect_one(b, f, DifferenceKind::distance, Severity::refused, {"far"});
    f.distances.clear();
    expect_one(b, f, DifferenceKind::distance, Severity::warning, {"does not say"});
    b.machine.distances = {};
    expect_one(b, same(), DifferenceKind::distance, Severity::warning, {"equally far"});
}

TEST(MachineCheck, facts_of_the_processor_refuse) {
    MachineFacts f = same();
    f.architecture = "aarch64";
    expect_one(board, f, DifferenceKind::architecture, Severity::refused,
               {"architecture", "x86_64", "aarch64", "-DBOARD="});
    f.architecture = "unknown";
    expect_one(board, f, DifferenceKind::architecture, Severity::warning, {"not known"});
    f = same();
    f.page_bytes = 65'536;
    expect_one(board, f, DifferenceKind::page_size, Severity::refused, {"page size", "65536"});
    f = same();
    f.cache_line_bytes = 128;
    expect_one(board, f, DifferenceKind::cache_line, Severity::refused, {"cache line", "128"});
}

TEST(MachineCheck, facts_that_nothing_stands_on_warn) {
    MachineFacts f = same();
    f.last_cache_bytes = 16u << 20;
    expect_one(board, f, DifferenceKind::last_cache_size, Severity::warning, {"32768", "16384"});
    f.last_cache_bytes = 0;
    expect_one(board, f, DifferenceKind::last_cache_size, Severity::warning, {"does not say"});
    f = same();
    f.packages = {cpus("0-7")};
    expect_one(board, f, DifferenceKind::packages, Severity::warning,
               {"the board has 2", "this machine 1"});
    f.packages = {cpus("0-1"), cpus("2-7")};
    expect_one(board, f, DifferenceKind::packages, Severity::warning, {"other cpus"});
    f = same();
    f.slow_cpus = cpus("5");
    expect_one(board, f, DifferenceKind::slow_cpus, Severity::warning, {"cpu 5", "worker 'w'"});
    Board plain = board;  // facts that the board does not have are not compared
    plain.machine.last_cache_bytes = 0;
    plain.machine.packages = {};
    f = same();
    EXPECT_TRUE(differences(plain, f).empty()) << all_of(differences(plain, f));
}

TEST(MachineCheck, a_refusal_has_all_lines_and_the_same_words) {
    MachineFacts f = offline(same(), 5);
    f.last_cache_bytes = 0;
    std::vector<std::string> warnings;
    const auto s = verify(board, f, warnings);
    EXPECT_EQ(s.cause(), platform::Cause::machine_differs);
    for (const Difference& d : differences(board, f))
        EXPECT_NE(s.text().find("\n  " + std::string(name_of(d.severity)) + ": " + d.text()),
                  std::string::npos)
            << s.text();
}

TEST(MachineCheck, facts_that_are_not_the_kernels_are_refused) {
    MachineFacts f = same();
    f.from_kernel = false;
    f.source = "HWLOC_XMLFILE=some.xml";
    std::vector<std::string> warnings;
    const auto s = verify(board, f, warnings);
    EXPECT_EQ(s.cause(), platform::Cause::machine_unknown);
    EXPECT_NE(s.text().find("HWLOC_XMLFILE=some.xml"), std::string::npos) << s.text();
    EXPECT_NE(s.text().find("HWLOC_THISSYSTEM=1"), std::string::npos);
}

}  // namespace
