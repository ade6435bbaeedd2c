// tests/board_choices_test.cpp - what a generated board uses which cpu for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "board/choices.hpp"
#include "topologies.hpp"

namespace stator::tools {
namespace {

using platform::CpuSet;
using platform::MachineFacts;

MachineFacts machine(const std::string& synthetic) {
    MachineFacts facts;
    const auto s = platform::read_machine(facts, {.synthetic = synthetic});
    EXPECT_TRUE(s.ok()) << s.text();
    return facts;
}
Choices choices_of(const MachineFacts& facts) {
    Choices choices;
    const auto s = choose(facts, choices);
    EXPECT_TRUE(s.ok()) << s.text();
    return choices;
}
CpuSet cpus_of(const Choices& choices) {
    CpuSet set;
    for (const WorkerChoice& worker : choices.workers) set.add(worker.cpu);
    return set;
}
std::vector<int> in_order(const Choices& choices) {
    std::vector<int> all;
    for (const WorkerChoice& worker : choices.workers) all.push_back(worker.cpu);
    return all;
}
bool says(const std::vector<std::string>& lines, const std::string& words) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.find(words) != std::string::npos;
    });
}

// What holds for every machine.
void expect_sensible(const MachineFacts& facts, const Choices& c, const std::string& name) {
    ASSERT_FALSE(c.workers.empty()) << name;
    EXPECT_LE(c.workers.size(), 64U) << name;
    EXPECT_FALSE(c.housekeeping.empty()) << name;
    EXPECT_FALSE(c.housekeeping_reason.empty()) << name;
    std::set<std::string> names;
    CpuSet taken;
    for (const WorkerChoice& worker : c.workers) {
        EXPECT_TRUE(names.insert(worker.name).second) << name << ": " << worker.name;
        EXPECT_FALSE(worker.reason.empty()) << name << ": " << worker.name;
        EXPECT_TRUE(facts.cpus.contains(worker.cpu)) << name << ": " << worker.cpu;
        EXPECT_EQ(worker.runs_stages, &worker == c.workers.data()) << name;
        const auto node = std::find_if(facts.nodes.begin(), facts.nodes.end(),
                                       [&](const auto& n) { return n.cpus.contains(worker.cpu); });
        ASSERT_NE(node, facts.nodes.end()) << name << ": " << worker.cpu;
        EXPECT_GT(node->memory_bytes, 0U) << name << ": " << worker.cpu;
        EXPECT_TRUE(node->allowed) << name << ": " << worker.cpu;
        EXPECT_LE(c.budget_per_node_bytes,
                  std::max(node->memory_bytes / 2, std::uint64_t{64} << 20))
            << name;
        EXPECT_FALSE(taken.contains(worker.cpu)) << name << ": two workers on one core";
        taken.add(worker.cpu);
        for (const CpuSet& core : facts.smt)
            if (core.contains(worker.cpu)) taken = taken | core;
    }
    EXPECT_EQ((cpus_of(c) & c.housekeeping).empty(), !c.sleeps) << name;
}

TEST(board_choices, housekeeping_gets_the_whole_core_that_linux_boots_on) {
    const MachineFacts facts = machine("node:1 core:4 pu:2");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "four cores");
    EXPECT_EQ(c.housekeeping.text(), "0-1");
    EXPECT_EQ(in_order(c), (std::vector<int>{2, 4, 6}));
    EXPECT_NE(c.workers[0].reason.find("cpu 3 of its core stays idle"), std::string::npos)
        << c.workers[0].reason;
}

TEST(board_choices, the_second_cpu_of_the_only_core_is_better_than_none) {
    const MachineFacts facts = machine("node:1 core:1 pu:2");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "one core");
    EXPECT_EQ(c.housekeeping.text(), "0");
    EXPECT_EQ(in_order(c), (std::vector<int>{1}));
    EXPECT_FALSE(c.sleeps);
}

TEST(board_choices, one_cpu_is_shared_by_a_worker_that_sleeps) {
    const MachineFacts facts = machine("pu:1");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "one cpu");
    EXPECT_TRUE(c.sleeps);
    EXPECT_EQ(in_order(c), (std::vector<int>{0}));
}

TEST(board_choices, the_first_workers_are_neighbours_in_one_cache_of_one_node) {
    // The boot core takes one of the first cache's three: the second has most that are free.
    const MachineFacts facts = machine("node:2 l3:2 core:3 pu:1");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "four caches");
    ASSERT_GE(c.workers.size(), 3U);
    EXPECT_EQ(c.workers[0].cpu, 3);
    EXPECT_EQ(c.workers[1].cpu, 4);
    EXPECT_EQ(c.workers[2].cpu, 5);
    EXPECT_NE(c.workers[1].reason.find("shares work1's last-level cache"), std::string::npos);
    EXPECT_EQ(cpus_of(c).text(), "1-11") << "all others take tasks";
}

TEST(board_choices, every_node_with_memory_has_workers_and_none_of_the_others) {
    MachineFacts facts = machine("node:4 core:2 pu:1");
    facts.nodes[1].memory_bytes = 0;                       // cpus only
    facts.cpus = facts.cpus.without(facts.nodes[2].cpus);  // memory only
    facts.nodes[2].cpus = {};
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "four nodes");
    EXPECT_EQ(cpus_of(c).text(), "1,6-7");
    EXPECT_TRUE(says(c.unused, "node 1 has no memory"));
    EXPECT_TRUE(says(c.unused, "node 2 has memory only"));
}

TEST(board_choices, more_cores_than_a_board_may_have_workers_leave_none_of_the_nodes_out) {
    const MachineFacts facts = machine("node:8 core:32 pu:2");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "eight nodes");
    EXPECT_EQ(c.workers.size(), 64U);
    for (const auto& node : facts.nodes)
        EXPECT_GE((cpus_of(c) & node.cpus).count(), 7) << "node " << node.id;
    EXPECT_TRUE(says(c.unused, "a board has at most 64 workers"));
}

TEST(board_choices, a_node_has_no_more_task_workers_than_it_may_have) {
    const MachineFacts facts = machine("node:1 core:100 pu:1");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "a hundred cores");
    EXPECT_EQ(c.workers.size(), 48U);
    EXPECT_TRUE(says(c.unused, "cpus 49-99: a board has at most 64 workers, and a node 48"));
}

TEST(board_choices, a_node_whose_memory_is_outside_the_cpuset_carries_no_worker) {
    MachineFacts facts = machine("node:2 core:4 pu:1");
    facts.nodes[1].allowed = false;
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "memory outside the cpuset");
    for (const WorkerChoice& worker : c.workers) EXPECT_LT(worker.cpu, 4) << worker.reason;
    EXPECT_TRUE(says(c.unused, "node 1, cpus 4-7: its memory is outside the cpuset"));
    facts.nodes[0].allowed = false;
    Choices none;
    EXPECT_NE(choose(facts, none).text().find("widen the cpuset"), std::string::npos);
}

TEST(board_choices, efficiency_cores_keep_house_and_carry_no_worker) {
    MachineFacts facts = machine("node:1 core:6 pu:1");
    facts.slow_cpus = platform::cpus("4-5");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "hybrid");
    EXPECT_EQ(c.housekeeping.text(), "0,4-5");
    EXPECT_NE(c.housekeeping_reason.find("cpus 4-5 are efficiency cores"), std::string::npos);
    EXPECT_EQ(in_order(c), (std::vector<int>{1, 2, 3}));
}

TEST(board_choices, efficiency_cores_are_better_than_no_worker) {
    MachineFacts facts = machine("node:1 core:3 pu:1");
    facts.slow_cpus = platform::cpus("1-2");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "one fast core");
    EXPECT_EQ(c.housekeeping.text(), "0");
    EXPECT_EQ(in_order(c), (std::vector<int>{1, 2}));
}

TEST(board_choices, cpus_outside_the_cpuset_are_left_alone) {
    MachineFacts facts = machine("node:2 core:4 pu:1");
    facts.allowed = platform::cpus("2-5");
    const Choices c = choices_of(facts);
    expect_sensible(facts, c, "cpuset");
    EXPECT_EQ(c.housekeeping.text(), "2");
    EXPECT_EQ(cpus_of(c).text(), "3-5");
    EXPECT_TRUE(says(c.unused, "cpus 0-1,6-7: outside the cpuset"));
}

TEST(board_choices, a_small_node_gets_a_budget_that_it_can_bear) {
    MachineFacts facts = machine("node:2 core:2 pu:1");
    facts.nodes[1].memory_bytes = std::uint64_t{400} << 20;
    EXPECT_EQ(choices_of(facts).budget_per_node_bytes, std::uint64_t{128} << 20);
}

// The negative space: one sentence, which names the machine and what to do.
TEST(board_choices, a_machine_where_no_worker_can_stand_is_refused) {
    MachineFacts facts = machine("node:1 core:2 pu:1");
    facts.nodes[0].memory_bytes = 0;
    Choices choices;
    const auto s = choose(facts, choices);
    ASSERT_FALSE(s.ok());
    EXPECT_NE(s.text().find("no node has both memory and a cpu"), std::string::npos) << s.text();
    EXPECT_NE(s.text().find("node:1 core:2 pu:1"), std::string::npos) << s.text();
}

TEST(board_choices, what_is_no_synthetic_machine_is_refused) {
    MachineFacts facts;
    const auto s = platform::read_machine(facts, {.synthetic = "a lot of cpus"});
    ASSERT_FALSE(s.ok());
    EXPECT_NE(s.text().find("'a lot of cpus'"), std::string::npos) << s.text();
    EXPECT_NE(s.text().find("hwloc(7)"), std::string::npos) << s.text();
}

TEST(board_choices, a_cpu_number_that_no_board_can_name_is_refused) {
    MachineFacts facts;
    const auto s = platform::read_machine(facts, {.synthetic = "node:1 core:1100 pu:1"});
    ASSERT_FALSE(s.ok());
    EXPECT_NE(s.text().find("cpu 1099"), std::string::npos) << s.text();
}

TEST(board_choices, hold_for_every_machine_that_we_know) {
    const char* root = test::topology_folder();
    if (root == nullptr) GTEST_SKIP() << "needs a folder of topology files";
    const auto files = test::topologies_in(root);
    for (const auto& file : files) {
        MachineFacts facts;
        const auto s = platform::read_machine(facts, {.xml_file = file});
        ASSERT_TRUE(s.ok()) << s.text();
        expect_sensible(facts, choices_of(facts), file.filename());
        const bool hybrid = file.filename() == "20em64t-hybrid-1p6c2t+2ca4co1t.xml";
        EXPECT_EQ(facts.slow_cpus.text(), hybrid ? "12-19" : "") << file;
    }
    EXPECT_GT(files.size(), 0U);
}

}  // namespace
}  // namespace stator::tools
