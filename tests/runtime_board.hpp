// tests/runtime_board.hpp - a board that is made while the test runs, as `stator board gen` would
// write it for some machine.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include <stator/core/board.hpp>

#include "board/choices.hpp"

namespace stator::test {

// Owns what the board only points to; stays where it is.
class RuntimeBoard {
public:
    RuntimeBoard(const std::string& name, const platform::MachineFacts& facts,
                 const tools::Choices& choices)
        : facts_(facts), name_(name) {
        for (const auto& node : facts_.nodes)
            nodes_.push_back({.id = node.id, .cpus = node.cpus, .memory_bytes = node.memory_bytes});
        for (const auto& choice : choices.workers) {
            Worker worker;
            worker.name = texts_.emplace_back(choice.name);
            worker.cpu = choice.cpu;
            if (choice.runs_stages) worker.roles = {every_other_role};
            worker.tasks = true;
            worker.wait = choices.sleeps ? Wait::futex : Wait::spin_then_futex;
            workers.push_back(worker);
        }
        board = {.name = name_,
                 .machine = {.architecture = facts_.architecture,
                             .page_bytes = facts_.page_bytes,
                             .cache_line_bytes = facts_.cache_line_bytes,
                             .cpus = facts_.cpus,
                             .nodes = nodes_,
                             .distances = facts_.distances,
                             .smt = facts_.smt,
                             .last_caches = facts_.last_caches,
                             .last_cache_bytes = facts_.last_cache_bytes,
                             .packages = facts_.packages,
                             .slow_cpus = facts_.slow_cpus},
                 .housekeeping = choices.housekeeping,
                 .workers = workers,
                 .memory = {.budget_per_node_bytes = choices.budget_per_node_bytes}};
    }
    RuntimeBoard(const RuntimeBoard&) = delete;
    RuntimeBoard& operator=(const RuntimeBoard&) = delete;

    std::vector<Worker> workers;  // after a change of their number: board.workers = workers
    Board board;

private:
    platform::MachineFacts facts_;
    std::string name_;
    std::deque<std::string> texts_;
    std::vector<Node> nodes_;
};

}  // namespace stator::test
