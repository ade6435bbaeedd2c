// tests/boards_test.cpp - the boards of real machines: their facts against their captures, and what
// their choices promise.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <stator/core/board_rules.hpp>
#include <stator/core/machine_check.hpp>

#include "board/gen.hpp"
#include "board/known_boards.hpp"

namespace {

using namespace stator;
using platform::MachineFacts;

struct Real {
    const Board* board;
    std::filesystem::path folder;
    MachineFacts facts;  // of machine.xml
};

// The boards of the tree that have a machine.xml.
class RealBoards : public testing::Test {
protected:
    void SetUp() override {
        for (const Board* b : tools::known_boards()) {
            const auto folder = std::filesystem::path(STATOR_BOARDS) / b->name;
            const auto xml = folder / "machine.xml";
            if (!std::filesystem::exists(xml)) continue;
            MachineFacts facts;
            const auto s = read_machine(facts, {.xml_file = xml.string()});
            ASSERT_TRUE(s.ok()) << s.text();
            all.push_back({.board = b, .folder = folder, .facts = facts});
        }
        ASSERT_GE(all.size(), 5u);
    }
    std::vector<Real> all;
};

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The cpus of the core that `cpu` is on.
CpuSet core_of(const Machine& machine, int cpu) {
    for (const CpuSet& core : machine.smt)
        if (core.contains(cpu)) return core;
    CpuSet alone;
    alone.add(cpu);
    return alone;
}

TEST_F(RealBoards, keep_all_rules_and_are_called_as_their_folders) {
    for (const Real& real : all) {
        EXPECT_EQ(judge(*real.board).broken, Rule::all_kept) << real.folder;
        EXPECT_EQ(real.board->name, real.folder.filename().string());
    }
}

TEST_F(RealBoards, do_not_differ_from_their_own_machines) {
    for (const Real& real : all)
        for (const Difference& d : differences(*real.board, real.facts))
            ADD_FAILURE() << real.board->name << ": " << d.text();
}

TEST_F(RealBoards, differ_from_each_others_machines) {
    for (const Real& real : all)
        for (const Real& other : all)
            if (real.board != other.board) {
                EXPECT_FALSE(differences(*real.board, other.facts).empty())
                    << real.board->name << " is taken for " << other.board->name;
            }
}

TEST_F(RealBoards, have_the_very_facts_that_board_gen_writes_from_their_machines) {
    for (const Real& real : all) {
        const auto topology = real.folder / "topology.hpp";
        EXPECT_EQ(text_of(topology), tools::topology_text(real.board->name, real.facts))
            << "run  stator board gen --xml " << (real.folder / "machine.xml").string()
            << " --name " << real.board->name << " --out " << STATOR_BOARDS;
    }
}

TEST_F(RealBoards, give_each_worker_a_core_that_neither_another_nor_housekeeping_uses) {
    for (const Real& real : all) {
        CpuSet used = real.board->housekeeping;
        for (const Worker& w : real.board->workers) {
            EXPECT_FALSE(used.contains(w.cpu)) << real.board->name << ": " << w.name;
            used = used | core_of(real.board->machine, w.cpu);
        }
    }
}

TEST_F(RealBoards, keep_a_lane_of_the_flow_table_on_each_node_they_use) {
    for (const Real& real : all) {
        const Board& b = *real.board;
        std::size_t lane = 0;
        for (std::size_t node = 0; node < b.machine.nodes.size(); ++node) {
            CpuSet cpus;
            for (const Worker& w : b.workers)
                if (b.machine.nodes[node].cpus.contains(w.cpu)) cpus.add(w.cpu);
            if (cpus.empty()) continue;
            const int worker = b.worker_of("flows." + std::to_string(lane++));
            ASSERT_GE(worker, 0) << b.name;
            EXPECT_EQ(b.node_of_worker(worker), static_cast<int>(node)) << b.name;
        }
    }
}

TEST_F(RealBoards, tell_hybrid_cores_apart_and_give_workers_the_fast_ones) {
    std::size_t hybrid = 0;
    for (const Real& real : all) {
        hybrid += real.board->machine.slow_cpus.empty() ? 0 : 1;
        for (const Worker& w : real.board->workers)
            EXPECT_FALSE(real.board->machine.slow_cpus.contains(w.cpu)) << real.board->name;
    }
    EXPECT_GE(hybrid, 1u);
}

TEST_F(RealBoards, have_a_row_in_the_readme_with_their_picture_nodes_and_cpus) {
    const std::string readme = text_of(std::filesystem::path(STATOR_BOARDS) / "README.md");
    for (const Real& real : all) {
        const std::string name(real.board->name);
        const std::size_t at = readme.find("\n| [`" + name + "`](" + name + "/board.svg) |");
        ASSERT_NE(at, std::string::npos) << real.board->name;
        const std::string row = readme.substr(at + 1, readme.find('\n', at + 1) - at);
        const std::string counts = "| " + std::to_string(real.facts.nodes.size()) + " | " +
                                   std::to_string(real.facts.cpus.count()) + " |";
        EXPECT_NE(row.find(counts), std::string::npos) << row << " lacks  " << counts;
    }
}

}  // namespace
