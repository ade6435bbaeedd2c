// tests/weave/structures/pool_model.hpp - a pool of tasks as it is shipped, with its workers, small
// enough that all its interleavings can be played.
//
// What a model hands over in its constructor costs no step. A model's threads are run<i> of every
// worker, and those from outside.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include <stator/core/board.hpp>
#include <stator/core/hooks.hpp>
#include <stator/core/inbox_words.hpp>
#include <stator/core/task_group.hpp>
#include <stator/core/task_pool.hpp>
#include <stator/core/worker.hpp>

#include "cases.hpp"

namespace stator::test {

inline constexpr Node model_nodes[] = {
    {.id = 0, .cpus = cpus("0-7"), .memory_bytes = 1ull << 30},
};
inline constexpr Worker one_sleeper[] = {
    {.name = "one", .cpu = 0, .roles = {}, .tasks = true, .wait = Wait::futex},
};
inline constexpr Worker two_sleepers[] = {
    {.name = "one", .cpu = 0, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = 1, .roles = {}, .tasks = true, .wait = Wait::futex},
};
inline constexpr Worker three_sleepers[] = {
    {.name = "one", .cpu = 0, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = 1, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "three", .cpu = 2, .roles = {}, .tasks = true, .wait = Wait::futex},
};
constexpr Board model_board(std::span<const Worker> workers, const Pool& pool) {
    return {.name = "model",
            .machine = {.architecture = "x86_64",
                        .page_bytes = 4096,
                        .cache_line_bytes = 64,
                        .cpus = cpus("0-7"),
                        .nodes = model_nodes,
                        .distances = {},
                        .smt = {},
                        .last_caches = {}},
            .housekeeping = cpus("7"),
            .workers = workers,
            .memory = {},
            .pool = pool};
}
// Segments of two tasks and a ring of two, and nothing that is not needed.
inline constexpr Pool small_pool = {.segments = 4,
                                    .slots_per_segment = 2,
                                    .claim_max = 2,
                                    .run_ring = 2,
                                    .metrics = false,
                                    .registry = false};

template <const Board& b>
class PoolModel {
public:
    using Pool = TaskPool<b>;
    using Group = TaskGroup<b>;
    static constexpr std::size_t workers = b.workers.size();

    PoolModel() {
        std::array<std::byte*, Pool::piece_count> at{};
        std::size_t end = 0;
        for (std::size_t i = 0; i < at.size(); ++i) {
            at[i] = memory_.data() + end;
            end += round_up(pieces[i].bytes, 64);
        }
        std::array<PinnedWorker*, workers> pinned{};
        for (std::size_t i = 0; i < workers; ++i) pinned[i] = &pinned_[i].worker;
        pool.construct(at.data(), pinned.data(), this, {}, {});
        words_ = std::launder(reinterpret_cast<const Words*>(at[0]));
        stock_words_ = std::launder(reinterpret_cast<const StockWords*>(at[1]));
        pool.open();
    }
    ~PoolModel() { pool.destroy(); }
    PoolModel(const PoolModel&) = delete;
    PoolModel& operator=(const PoolModel&) = delete;

    template <std::size_t i>
    void run() {
        PinnedWorker::enter(&pinned_[i].worker);
    }
    template <typename F>
    void must_submit(const F& f) {
        weave::expect(pool.submit({}, f) == Submit::accepted, "an open pool with room accepts");
    }
    void drain() { pool.close(false); }
    void cancel() { pool.close(true); }

    // After the workers have ended: whatever was accepted has come to one end.
    void check_counts() const {
        std::uint64_t accepted = stock_words_->linked.newest(), gone = 0;
        for (const InboxWords& inbox : *words_)
            accepted += (inbox.tail.newest() & ~InboxWords::closed_bit) - inbox.first_position;
        for (const Pinned& pinned : pinned_) {
            const WorkerFigures& figures = pinned.figures;
            accepted += figures.spawned.value();
            gone += figures.executed.value() + figures.failed.value() + figures.cancelled.value() +
                    figures.expired.value();
        }
        weave::expect(accepted == gone, "as many tasks have ended as were accepted");
    }
    [[nodiscard]] const WorkerFigures& figures(std::size_t worker) const {
        return pinned_[worker].figures;
    }
    [[nodiscard]] PinnedWorker& worker(std::size_t i) { return pinned_[i].worker; }

private:
    using Words = std::array<InboxWords, b.pool.priorities>;
    static constexpr auto pieces = Pool::pieces();
    static constexpr std::size_t bytes = [] {
        std::size_t sum = 0;
        for (const Piece& piece : pieces) sum += round_up(piece.bytes, 64);
        return sum;
    }();
    struct Pinned {
        WorkerFigures figures;
        PinnedWorker worker;
        Pinned(const Worker& choice, PoolModel* model)
            : worker(choice, {}, b, figures,
                     {.scheduler = model,
                      .stage_ended = [](void*) {},
                      .worker_ended = [](void*) {},
                      .hooks = &model->hooks}) {}
    };

    sync::World world_;
    alignas(64) std::array<std::byte, bytes> memory_;

public:
    Pool pool;
    Hooks hooks;

private:
    template <std::size_t... i>
    static std::array<Pinned, workers> make_all(PoolModel* model, std::index_sequence<i...>) {
        return {Pinned(b.workers[i], model)...};
    }
    std::array<Pinned, workers> pinned_{make_all(this, std::make_index_sequence<workers>())};
    const Words* words_ = nullptr;
    const StockWords* stock_words_ = nullptr;
};

}  // namespace stator::test
