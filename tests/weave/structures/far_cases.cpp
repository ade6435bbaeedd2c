// tests/weave/structures/far_cases.cpp - two nodes with a worker each: what one has, the other
// takes where the board lets it, and only there.
#include <array>
#include <cstddef>

#include "pool_model.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

constexpr Node two_nodes[] = {
    {.id = 0, .cpus = cpus("0-3"), .memory_bytes = 1ull << 30},
    {.id = 1, .cpus = cpus("4-7"), .memory_bytes = 1ull << 30},
};
constexpr Worker one_on_each[] = {
    {.name = "one", .cpu = 0, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = 4, .roles = {}, .tasks = true, .wait = Wait::futex},
};
constexpr Board apart = [] {
    Board b = model_board(one_on_each, small_pool);
    b.machine.nodes = two_nodes;
    return b;
}();
constexpr StealRow one_way_rows[] = {{.node = 1, .from = {0}}};
constexpr Board one_way = [] {
    Board b = apart;
    b.pool.steal_table = one_way_rows;
    return b;
}();
constexpr Board both_ways = [] {
    Board b = apart;
    b.pool.steal_far = true;
    return b;
}();

const weave::Options once = {.preemptions = 1, .stale_reads = 0, .spurious = 0};
const weave::Options twice = {.stale_reads = 1, .spurious = 0, .together = 2};

// Two tasks that wait for each other: the worker of node 1 has to take one of them.
template <const Board& b>
struct Far : PoolModel<b> {
    std::array<weave::atomic<unsigned>, 2> runs{};

    void meet(unsigned i) {
        (void)runs[i].fetch_add(1, acq_rel);
        for (const auto& one : runs)
            while (one.load(acquire) == 0) weave::relax();
        this->drain();
    }
    [[nodiscard]] auto task(unsigned i) {
        return [this, i] { meet(i); };
    }
    void finish() const {
        for (const auto& one : runs) weave::expect(one.newest() == 1, "every task runs once");
        this->check_counts();
    }
};
template <const Board& b>
struct Claimed : Far<b> {
    Claimed() {
        std::array both = {this->task(0), this->task(1)};
        weave::expect(this->pool.submit_all({.node = 0}, both).accepted == 2, "there is room");
    }
};
template <const Board& b>
struct Spawned : Far<b> {
    Spawned() {
        weave::expect(this->pool.submit({.node = 0},
                                        [this] {
                                            this->must_submit(this->task(1));
                                            this->meet(0);
                                        }) == Submit::accepted,
                      "there is room");
    }
};
using ClaimedOneWay = Claimed<one_way>;
const Played claimed_one_way(
    {.structure = "worker",
     .name = "a_node_that_robs_nobody_lets_its_thieves_have_a_part_of_its_claim",
     .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = twice,
     .explore = play<ClaimedOneWay, &ClaimedOneWay::run<0>, &ClaimedOneWay::run<1>>});
using SpawnedOneWay = Spawned<one_way>;
const Played spawned_one_way(
    {.structure = "worker",
     .name = "a_node_that_robs_nobody_wakes_its_thieves_for_what_it_spawns",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = twice,
     .explore = play<SpawnedOneWay, &SpawnedOneWay::run<0>, &SpawnedOneWay::run<1>>});
using ClaimedBothWays = Claimed<both_ways>;
const Played claimed_both_ways(
    {.structure = "worker",
     .name = "a_far_worker_takes_a_part_of_a_claim",
     .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = twice,
     .explore = play<ClaimedBothWays, &ClaimedBothWays::run<0>, &ClaimedBothWays::run<1>>});
using SpawnedBothWays = Spawned<both_ways>;
const Played spawned_both_ways(
    {.structure = "worker",
     .name = "a_far_worker_is_woken_for_what_is_spawned",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = twice,
     .explore = play<SpawnedBothWays, &SpawnedBothWays::run<0>, &SpawnedBothWays::run<1>>});

// A task of node 0 and two that it spawns, on a board that lets nobody take them.
struct Alone : PoolModel<apart> {
    std::array<weave::atomic<unsigned>, 2> run_by{};
    unsigned spawned = 0;

    void ran() {
        const bool first = sync::owner_of_this_thread() == &worker(0);
        (void)run_by[first ? 0 : 1].fetch_add(1, relaxed);  // a count alone
    }
    Alone() {
        const auto one = [this] {
            ran();
            for (int i = 0; i < 2; ++i)
                if (pool.submit({}, [this] { ran(); }) == Submit::accepted) ++spawned;
        };
        weave::expect(pool.submit({.node = 0}, one) == Submit::accepted, "there is room");
    }
    void finish() const {
        weave::expect(run_by[0].newest() == 1 + spawned, "the node's own worker runs them");
        weave::expect(run_by[1].newest() == 0, "and no other");
        check_counts();
    }
};
const Played alone({.structure = "worker",
                    .name = "what_a_node_has_stays_there_where_nobody_may_steal",
                    .invariants = "SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                    .options = once,
                    .explore = play<Alone, &Alone::drain, &Alone::run<0>, &Alone::run<1>>});

}  // namespace
}  // namespace stator::test
