// core/parallel_for.hpp - a function for every index of a range, on all workers that have time.
//
//   stator::parallel_for(scheduler.tasks(), 0, n, 64, [&](std::size_t i) { ... });
//
// The range is halved until a piece has at most `grain` indices: the upper half is handed over, the
// lower half is worked on, so that whoever steals takes the largest piece there is. Nested to any
// depth, from workers and other threads; nothing is allocated, and a piece that finds no room is
// run on the spot.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include <stator/core/task.hpp>
#include <stator/core/task_group.hpp>
#include <stator/core/task_pool.hpp>

namespace stator {

template <const Board& b, std::integral Index, typename F>
class ParallelFor {
public:
    ParallelFor(TaskPool<b>& pool, Index grain, F& f)
        : group_(pool), grain_(grain < 1 ? Index{1} : grain), f_(f) {}

    void run(Index first, Index last) {
        while (size(first, last) > static_cast<Size>(grain_)) {
            const auto half = static_cast<Size>(size(first, last) / 2);
            const auto middle = static_cast<Index>(static_cast<Size>(first) + half);
            group_.template run<"range">([this, middle, last] { run(middle, last); });
            last = middle;
        }
        if constexpr (std::invocable<F&, Index, Index>)
            f_(first, last);
        else
            for (Index i = first; i < last; ++i) f_(i);
    }
    void hand_over(Index first, Index last) {
        group_.template run<"range">([this, first, last] { run(first, last); });
    }
    [[nodiscard]] Outcome wait() { return group_.wait(); }

private:
    // The widest range of a signed type has more indices than the type can count.
    using Size = std::make_unsigned_t<Index>;
    [[nodiscard]] static Size size(Index first, Index last) {
        return static_cast<Size>(static_cast<Size>(last) - static_cast<Size>(first));
    }

    TaskGroup<b> group_;
    Index grain_;
    F& f_;
};

// Calls `f(i)` for every first <= i < last, or `f(from, to)` for pieces of at most `grain` of them;
// returns when all have been called. `failed`: one of them threw, or a shutdown dropped pieces. Any
// thread; a worker works on the range itself. Memory ordering: what the caller did before is
// visible to every call, and what they did to the caller afterwards.
template <const Board& b, std::integral Index, typename F>
Outcome parallel_for(TaskPool<b>& pool, std::type_identity_t<Index> first, Index last,
                     std::type_identity_t<Index> grain, F&& f) {
    if (first >= last) return Outcome::done;
    ParallelFor<b, Index, std::remove_reference_t<F>> range(pool, grain, f);
    range.hand_over(first, last);
    return range.wait();
}

}  // namespace stator
