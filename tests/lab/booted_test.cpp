// tests/lab/booted_test.cpp - on a board that has been booted: memory, workers and tasks are where
// the board says, by the kernel's own answers.
#include <sched.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <stator/board.hpp>
#include <stator/core/machine_check.hpp>
#include <stator/core/scheduler.hpp>

#include "kernel_says.hpp"

namespace stator::lab {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Item {
    std::uint64_t number;
};
// Where a stage found its items, itself and its thread; it writes only its own.
struct Place {
    const void* item = nullptr;
    int thread_on = -1;
};
struct First {
    Place seen;
    bool operator()(const Item& in, Item& out) {
        seen = {.item = &in, .thread_on = node_of_this_thread()};
        out = in;
        return true;
    }
};
struct Sink {
    Place seen;
    std::uint64_t items = 0;
    void operator()(const Item& in) {
        seen = {.item = &in, .thread_on = node_of_this_thread()};
        ++items;
    }
};
struct Table {
    std::array<std::uint64_t, 4096> words{};
};
// The boards of the lab give `sink` to a worker on their last node with workers.
using Line =
    Pipeline<Input<Item, 1024>, StageOf<"first", First>, Ring<Item, 1024>, StageOf<"sink", Sink>>;
using OnThisBoard = Scheduler<board, Line, PerNode<Table>>;

int role_node(std::string_view role) {
    return board.node_id_of_worker(board.worker_of(role));
}
// The nodes, by the kernel's numbers, whose workers take tasks.
std::vector<int> task_nodes() {
    std::vector<int> all;
    for (std::size_t i = 0; i < board.machine.nodes.size(); ++i)
        if (board.task_workers_on(static_cast<int>(i)) > 0)
            all.push_back(board.machine.nodes[i].id);
    return all;
}
std::size_t takers_on(int node) {
    return board.task_workers_on(board.machine.node_at(node));
}

// How long a load lasts: LAB_SECONDS, or two.
std::chrono::seconds load_time() {
    const char* const text = std::getenv("LAB_SECONDS");
    return std::chrono::seconds(text == nullptr ? 2 : std::atoi(text));
}

void burn(std::chrono::microseconds time) {
    const auto end = Clock::now() + time;
    while (Clock::now() < end) {
    }
}
template <typename Condition>
[[nodiscard]] bool within(std::chrono::seconds time, Condition&& condition) {
    const auto end = Clock::now() + time;
    while (!condition()) {
        if (Clock::now() > end) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

class Booted : public testing::Test {
protected:
    void SetUp() override {
        const Status s = scheduler_.start();
        ASSERT_TRUE(s.ok()) << s.text();
    }
    Table& table_on(int node) {
        const auto& used = UsedNodes<board>::positions;
        const auto at = std::ranges::find(used, board.machine.node_at(node));
        return scheduler_.table<Table>(static_cast<std::size_t>(at - used.begin()));
    }
    // Feeds the pipeline and all nodes for `time`; calls `look()` now and then.
    template <typename Look>
    void load(std::chrono::seconds time, Look&& look) {
        const auto end = Clock::now() + time;
        for (std::uint64_t n = 0; Clock::now() < end; ++n) {
            (void)scheduler_.input<Line>().push({n});
            for (const int node : task_nodes()) (void)scheduler_.submit({.node = node}, [] {});
            if (n % 1024 == 0) look();
        }
    }

    OnThisBoard scheduler_;
};

// ---- The machine ----

TEST(Machine, is_the_board) {
    platform::MachineFacts facts;
    ASSERT_TRUE(platform::read_machine(facts).ok());
    for (const Difference& d : differences(board, facts)) ADD_FAILURE() << d.text();
}

TEST(Machine, has_the_distances_of_the_board_by_the_kernels_own_files) {
    const std::size_t n = board.machine.nodes.size();
    for (std::size_t i = 0; i < n && !board.machine.distances.empty(); ++i) {
        const auto row = board.machine.distances.subspan(i * n, n);
        EXPECT_EQ(distances_of(board.machine.nodes[i].id),
                  std::vector<int>(row.begin(), row.end()));
    }
}

// ---- Memory ----

void expect_all_pages_here(const Residency& r, const std::string& what) {
    ASSERT_TRUE(r.known) << r.why_unknown;
    EXPECT_GT(r.here, 0U) << what;
    EXPECT_EQ(r.elsewhere, 0U) << what;
    EXPECT_EQ(r.absent, 0U) << what;
}
// Below each stack of a node: those of its workers, and on the first one that of the grace thread.
std::size_t guards_on(int node) {
    std::size_t n = node == board.node_id_of_worker(0) ? 1 : 0;
    for (std::size_t i = 0; i < board.workers.size(); ++i)
        n += board.node_id_of_worker(static_cast<int>(i)) == node ? 1 : 0;
    return n * platform::page_bytes_max / board.machine.page_bytes;
}

// Twice asked, by move_pages and by numa_maps; both must see the same bytes.
void expect_memory_in_place(const OnThisBoard& scheduler) {
    std::map<int, std::uint64_t> bytes_asked, bytes_mapped;
    for (const ArenaResidency& arena : scheduler.ask_where()) {
        const std::string node = " of node " + std::to_string(arena.node_id);
        expect_all_pages_here(arena.objects, "objects" + node);
        expect_all_pages_here(arena.view, "view" + node);
        expect_all_pages_here(arena.stacks, "stacks" + node);
        bytes_asked[arena.node_id] = (arena.objects.pages() + arena.stacks.pages() +
                                      arena.view.pages() + guards_on(arena.node_id)) *
                                     board.machine.page_bytes;
    }
    for (const BoundMapping& m : bound_mappings())
        for (const auto& [node, bytes] : m.bytes_on) {
            EXPECT_EQ(node, m.bound_to) << m.line;
            bytes_mapped[node] += bytes;
        }
    if (board.machine.nodes.size() > 1) {  // with one node nothing is bound
        EXPECT_EQ(bytes_asked, bytes_mapped);
    }
}

TEST_F(Booted, every_page_of_every_arena_is_on_its_node_before_and_after_load) {
    expect_memory_in_place(scheduler_);
    load(2s, [] {});
    expect_memory_in_place(scheduler_);
}

bool has_worker(int node) {
    for (std::size_t i = 0; i < board.workers.size(); ++i)
        if (board.node_id_of_worker(static_cast<int>(i)) == node) return true;
    return false;
}

TEST_F(Booted, a_node_without_workers_holds_no_page_of_ours) {
    for (const BoundMapping& m : bound_mappings())
        for (const auto& [node, bytes] : m.bytes_on)
            EXPECT_TRUE(has_worker(node)) << bytes << " bytes: " << m.line;
}

TEST_F(Booted, items_lie_in_the_memory_of_the_stage_that_reads_them) {
    for (std::uint64_t n = 0; n < 5000; ++n) (void)scheduler_.input<Line>().push_or_wait({n});
    scheduler_.stop();
    const First& first = scheduler_.state<Line, "first">();
    const Sink& sink = scheduler_.state<Line, "sink">();
    ASSERT_EQ(sink.items, 5000U);
    EXPECT_EQ(first.seen.thread_on, role_node("first"));
    EXPECT_EQ(node_of_page(first.seen.item), role_node("first"));
    EXPECT_EQ(node_of_page(&first), role_node("first"));
    EXPECT_EQ(sink.seen.thread_on, role_node("sink"));
    EXPECT_EQ(node_of_page(sink.seen.item), role_node("sink"));
    EXPECT_EQ(node_of_page(&sink), role_node("sink"));
}

// ---- Workers ----

std::map<std::string, Thread> by_name() {
    std::map<std::string, Thread> all;
    for (const Thread& thread : threads()) all[thread.name] = thread;
    return all;
}

// Those that have a stage of the pipeline, or take tasks: others have no thread.
std::vector<Worker> busy_workers() {
    std::vector<Worker> all;
    for (std::size_t i = 0; i < board.workers.size(); ++i) {
        const int at = static_cast<int>(i);
        if (board.workers[i].tasks || board.worker_of("first") == at ||
            board.worker_of("sink") == at)
            all.push_back(board.workers[i]);
    }
    return all;
}

// What is wrong with the worker's thread; or nothing.
std::string trouble_with(const Worker& worker, const std::map<std::string, Thread>& now) {
    const std::string name(worker.name);
    const auto found = now.find(name);
    if (found == now.end()) return "no thread is called " + name + "; ";
    const Thread& thread = found->second;
    std::string text;
    if (thread.allowed != std::to_string(worker.cpu))
        text += name + " may run on cpus " + thread.allowed + "; ";
    if (thread.cpu != worker.cpu) text += name + " is on cpu " + std::to_string(thread.cpu) + "; ";
    if (thread.policy != (worker.scheduling == Scheduling::fifo ? SCHED_FIFO : SCHED_OTHER) ||
        thread.priority != worker.priority)
        text += name + " has policy " + std::to_string(thread.policy) + " and priority " +
                std::to_string(thread.priority) + "; ";
    return text;
}
std::string trouble_now() {
    const std::map<std::string, Thread> now = by_name();
    std::string text;
    for (const Worker& worker : busy_workers()) text += trouble_with(worker, now);
    return text;
}

TEST_F(Booted, every_worker_stays_on_its_cpu_under_load) {
    const std::map<std::string, Thread> before = by_name();
    EXPECT_EQ(trouble_now(), "");
    std::string trouble;
    int looks = 0;
    load(load_time(), [&] {
        if (trouble.empty()) trouble = trouble_now();
        ++looks;
    });
    EXPECT_EQ(trouble, "");
    EXPECT_GT(looks, 1);
    const std::map<std::string, Thread> after = by_name();
    for (const Worker& worker : busy_workers()) {
        const std::string name(worker.name);
        EXPECT_EQ(after.at(name).migrations, before.at(name).migrations) << name;
    }
    for (const WorkerReport& w : scheduler_.worker_report()) {
        const bool is_busy = before.contains(w.name);
        EXPECT_EQ(w.rounds > 0, is_busy) << w.name << " had nothing of the load, or no thread";
    }
}

TEST_F(Booted, helper_threads_keep_to_housekeeping) {
    const Thread grace = by_name().at("stator-grace");
    const auto allowed = CpuSet::parse(grace.allowed);
    ASSERT_TRUE(allowed.has_value()) << grace.allowed;
    EXPECT_EQ(*allowed & board.housekeeping, *allowed) << grace.allowed;
}

// ---- Tasks ----

// Counts tasks by the node that they were meant for and the one that they ran on.
class Tally {
public:
    void ran(int meant_for) {
        ++counts_.at(static_cast<std::size_t>(meant_for))
              .at(static_cast<std::size_t>(node_of_this_thread()));
    }
    [[nodiscard]] std::uint64_t at(int meant_for, int on) const {
        return counts_.at(static_cast<std::size_t>(meant_for)).at(static_cast<std::size_t>(on));
    }
    [[nodiscard]] std::uint64_t of(int meant_for) const {
        std::uint64_t n = 0;
        for (const auto& count : counts_.at(static_cast<std::size_t>(meant_for))) n += count;
        return n;
    }

private:
    static constexpr std::size_t nodes = 8;
    std::array<std::array<std::atomic<std::uint64_t>, nodes>, nodes> counts_{};
};

// Tasks that keep every task worker busy until `open`.
class AllHeld {
public:
    void hold(OnThisBoard& scheduler) {
        int wanted = 0;
        for (const int node : task_nodes())
            for (std::size_t i = 0; i < takers_on(node); ++i, ++wanted)
                ASSERT_EQ(scheduler.submit({.node = node},
                                           [this] {
                                               ++here_;
                                               while (!open_) std::this_thread::yield();
                                           }),
                          Submit::accepted);
        ASSERT_TRUE(within(60s, [&] { return here_ == wanted; }));
    }
    void open() { open_ = true; }

private:
    std::atomic<int> here_{0};
    std::atomic<bool> open_{false};
};

constexpr std::uint64_t backlog = 3000;  // below the slots of a node's inbox

void fill(OnThisBoard& scheduler, int node, Tally& tally) {
    for (std::uint64_t i = 0; i < backlog; ++i)
        ASSERT_EQ(scheduler.submit({.node = node},
                                   [&tally, node] {
                                       burn(50us);
                                       tally.ran(node);
                                   }),
                  Submit::accepted);
}

TEST_F(Booted, while_every_node_has_work_none_is_taken_from_a_far_node) {
    Tally tally;
    AllHeld held;
    held.hold(scheduler_);
    for (const int node : task_nodes()) fill(scheduler_, node, tally);
    held.open();
    const auto most_done = [&] {
        std::uint64_t n = 0;
        for (const int node : task_nodes()) n = std::max(n, tally.of(node));
        return n;
    };
    ASSERT_TRUE(within(120s, [&] { return most_done() >= backlog / 4; }));
    const std::uint64_t far = far_ones(scheduler_.pool_report().stolen);
    ASSERT_LT(most_done(), backlog - 2 * board.pool.claim_max) << "looked too late";
    EXPECT_EQ(far, 0U);
    scheduler_.stop();
    for (const int node : task_nodes()) EXPECT_EQ(tally.of(node), backlog);
}

// Whether workers of node `thief` may take tasks from those of `victim`.
bool may_steal(int thief, int victim) {
    for (const StealRow& row : board.pool.steal_table)
        if (row.node == thief) return std::ranges::count(row.from.span(), victim) > 0;
    return board.pool.steal_far && thief != victim;
}

TEST_F(Booted, the_tasks_of_one_node_run_there_or_where_the_board_lets_others_steal_them) {
    for (const int node : task_nodes()) {
        Tally tally;
        const std::uint64_t far_before = far_ones(scheduler_.pool_report().stolen);
        fill(scheduler_, node, tally);
        ASSERT_TRUE(within(120s, [&] { return tally.of(node) == backlog; }));
        std::uint64_t elsewhere = 0;
        bool has_thief = false;
        for (const int other : task_nodes()) {
            if (other == node) continue;
            elsewhere += tally.at(node, other);
            has_thief = has_thief || may_steal(other, node);
            if (!may_steal(other, node)) {
                EXPECT_EQ(tally.at(node, other), 0U) << other;
            }
        }
        EXPECT_EQ(elsewhere > 0, has_thief) << "tasks of node " << node;
        // Not equal: what was stolen may be stolen again, also back.
        EXPECT_GE(far_ones(scheduler_.pool_report().stolen) - far_before, elsewhere);
    }
}

TEST_F(Booted, a_task_that_names_no_node_goes_to_that_of_its_memory_or_of_the_caller) {
    std::vector<int> ran_on;
    const auto run_one = [&](const TaskOptions& options) {
        std::atomic<int> on{-1};
        ASSERT_EQ(scheduler_.submit(options, [&on] { on = node_of_this_thread(); }),
                  Submit::accepted);
        ASSERT_TRUE(within(60s, [&] { return on != -1; }));
        ran_on.push_back(on);
    };
    std::vector<int> wanted;
    for (const int node : task_nodes()) {
        const auto& table = table_on(node);
        ASSERT_EQ(node_of_page(&table), node);
        wanted.push_back(node);
        run_one({.near = &table});
    }
    EXPECT_EQ(ran_on, wanted);
    ran_on.clear();
    wanted.clear();
    for (const int node : task_nodes()) {
        const CpuSet own =
            board.machine.nodes[static_cast<std::size_t>(board.machine.node_at(node))].cpus &
            board.housekeeping;
        if (own.empty()) continue;
        std::thread([&] {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(own.first(), &set);
            ASSERT_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
            wanted.push_back(node);
            run_one({});
        }).join();
    }
    EXPECT_EQ(ran_on, wanted);
}

// The inbox of the first node is filled to the last slot, while all workers are held.
TEST_F(Booted, a_full_node_says_so_and_only_what_names_no_node_goes_on_where_the_board_spills) {
    const int home = task_nodes().front();
    AllHeld held;
    held.hold(scheduler_);
    std::atomic<std::uint64_t> run{0};
    const auto count = [&run] { ++run; };
    std::uint64_t accepted = 0;
    while (scheduler_.submit({.node = home}, count) == Submit::accepted) ++accepted;
    EXPECT_GE(accepted, backlog);
    const std::uint64_t refused = scheduler_.pool_report().refused;
    EXPECT_EQ(scheduler_.submit({.node = home}, count), Submit::full) << "it was named";
    const bool spills = board.pool.spill && task_nodes().size() > 1;
    const auto& near = table_on(home);
    const Submit answer = scheduler_.submit({.near = &near}, count);
    EXPECT_EQ(answer, spills ? Submit::accepted : Submit::full);
    std::vector batch(10, count);
    const Batched done = scheduler_.submit_all({.near = &near}, batch);
    EXPECT_EQ(done.accepted, spills ? batch.size() : 0U);
    const std::uint64_t gone_on = spills ? 1 + batch.size() : 0;
    EXPECT_EQ(scheduler_.pool_report().spilled, gone_on);
    EXPECT_EQ(scheduler_.pool_report().refused - refused, spills ? 1U : 3U);
    held.open();
    scheduler_.stop();
    EXPECT_EQ(run, accepted + gone_on);
}

// What the workers of `a_thief_goes_to_nearer_nodes_first` share.
struct Raid {
    static constexpr int children = 40;  // of each node

    // On each node's only worker. When all stand, so that nobody steals yet, all but the thief fill
    // their own rings.
    void stand(OnThisBoard& scheduler, int node) {
        ++here;
        while (!all_stand) std::this_thread::yield();
        for (int i = 0; node != thief && i < children; ++i)
            if (scheduler.submit({}, [this, node] { taken(node); }) != Submit::accepted) ++refused;
        ++ready;
        while (!(node == thief ? thief_may_go : all_may_go)) std::this_thread::yield();
    }
    void taken(int node) {
        if (node_of_this_thread() == thief) order.push_back(node);  // one thread
        ++run;
    }

    int thief = -1;
    std::atomic<int> here{0}, ready{0}, run{0}, refused{0};
    std::atomic<bool> all_stand{false}, thief_may_go{false}, all_may_go{false};
    std::vector<int> order{};  // the nodes whose tasks the thief has run
};

// All workers but the thief stay busy, so the order in which it runs tasks is that of its looks.
TEST_F(Booted, a_thief_goes_to_nearer_nodes_first) {
    const std::vector<int> nodes = task_nodes();
    if (!board.pool.steal_far || nodes.size() < 3)
        GTEST_SKIP() << "this board has no thief with a choice";
    for (const int node : nodes) ASSERT_EQ(takers_on(node), 1U) << "the test wants one a node";
    Raid raid{.thief = nodes.back()};
    int thief_cpu = -1;
    for (const Worker& w : busy_workers())
        if (w.tasks && board.machine.node_of(w.cpu) == board.machine.node_at(raid.thief))
            thief_cpu = w.cpu;
    for (const int node : nodes)
        ASSERT_EQ(scheduler_.submit({.node = node},
                                    [this, &raid, node] { raid.stand(scheduler_, node); }),
                  Submit::accepted);
    const int standing = static_cast<int>(nodes.size());
    ASSERT_TRUE(within(60s, [&] { return raid.here == standing; }));
    raid.all_stand = true;
    ASSERT_TRUE(within(60s, [&] { return raid.ready == standing; }));
    raid.thief_may_go = true;
    const int all = Raid::children * static_cast<int>(nodes.size() - 1);
    const bool took_all = within(60s, [&] { return raid.run == all; });
    raid.all_may_go = true;
    scheduler_.stop();
    ASSERT_TRUE(took_all) << raid.run << " of " << all << " run, " << raid.refused << " refused";
    const std::vector<int> distances = distances_of(raid.thief);
    std::vector<int> seen;
    for (const int node : raid.order)
        seen.push_back(distances.at(static_cast<std::size_t>(board.machine.node_at(node))));
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(all));
    std::string runs;
    for (std::size_t i = 0, n = 1; i < seen.size(); ++i, ++n)
        if (i + 1 == seen.size() || seen[i + 1] != seen[i]) {
            runs += std::to_string(n) + " from " + std::to_string(seen[i]) + "; ";
            n = 0;
        }
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end())) << runs;
    for (const WorkerReport& w : scheduler_.worker_report())  // by the scheduler's own counters
        for (std::size_t step = 1; step < nodes.size(); ++step)
            EXPECT_EQ(w.stolen.at(step), w.cpu == thief_cpu ? Raid::children : 0) << w.name;
}

}  // namespace
}  // namespace stator::lab

// The caller keeps to housekeeping, as on an appliance.
int main(int argc, char** argv) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu = 0; cpu < stator::CpuSet::limit; ++cpu)
        if (stator::board.housekeeping.contains(cpu)) CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        std::perror("sched_setaffinity");
        return 1;
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
