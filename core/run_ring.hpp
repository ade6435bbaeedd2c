// core/run_ring.hpp - the tasks that one worker has taken or spawned: its owner works at the new
// end, thieves take half from the old end.
//
//    position:  head (oldest) ........ tail (next to push)        cell = position % capacity
//               thieves steal here     the owner pushes and pops here
//
// Both ends are one word, { tail : 32 | head : 32 }, so every change is decided by it alone. Cells
// hold the tasks themselves. A thief first moves `head`, which makes a range of cells its own, and
// then moves the tasks out; a cell says `busy` until that is done, and the owner never writes a
// busy one: where a slow thief still works the ring is full earlier. Nothing is read before it is
// owned, so it does no harm that the word returns to a value that it had before.
//
// The owner takes its newest task first: a tree of tasks is walked depth first, in little space.
//
// Progress   push, pop: wait-free but for a thief that succeeded meanwhile. steal: one
//            compare-exchange; `contended` says that somebody else changed the word.
// Memory     64 bytes a task.
// Threads    Owner: one thread, the ring's worker. Thief: any other.
// Edges      R1  push releases word_ -> steal acquires it        : the cells are filled
//            R2  a thief releases busy -> the owner acquires it  : the task has been moved out
//            R3  push and look change word_ by read-modify-write : of a push and the look of one
//                that is about to sleep one comes second; the look sees the task, or the pusher
//                sees that the other sleeps (core/idle.hpp)
// Source     the ring of zap's thread pool (steal half); newest first for its owner as in R.
//            Blumofe, C. Leiserson, "Scheduling Multithreaded Computations by Work Stealing", JACM
//            46(5).
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

// The answer of a thief's attempt.
enum class Steal : std::uint8_t {
    taken,
    empty,      // there was nothing
    contended,  // there is something, but another thief or the owner was quicker; try again
};

template <std::size_t cells>
class RunRing {
    static_assert(std::has_single_bit(cells) && cells >= 2 && cells <= 65'536,
                  "a run ring has 2 to 65536 cells, a power of two; set .pool.run_ring");
    using enum std::memory_order;

    struct alignas(64) Cell {
        sync::atomic<std::uint64_t> busy{0};
        sync::plain<TaskBody> body{};
    };

public:
    static constexpr std::size_t capacity = cells;

    // `first` is the first position; tests start it just before 2^32.
    explicit RunRing(std::uint32_t first = 0)
        : word_(both(first, first)), tail_(first), free_until_(first) {}
    RunRing(const RunRing&) = delete;
    RunRing& operator=(const RunRing&) = delete;

    // What the ring's worker may do.
    class Owner {
    public:
        explicit Owner(RunRing& ring) : ring_(&ring) {}

        // `fill(body)` writes the new task in place, behind all others. False, and `fill` was not
        // called: the ring is full, or a thief has not done yet with the cell.
        template <typename Fill>
        [[nodiscard]] bool push(Fill&& fill) {
            if (room(1) == 0) return false;
            stage(0, fill);
            publish(1);
            return true;
        }

        // A list, published at once: stage(i) for every i below room(n), in any order, then
        // publish(n). Free cells behind the newest task, 0..most.
        [[nodiscard]] std::uint32_t room(std::size_t most) {
            std::uint32_t known = ring_->free_until_ - ring_->tail_;
            for (; known < most && known < cells; ++known, ++ring_->free_until_)
                if (ring_->cell(ring_->free_until_).busy.load(acquire) != 0) break;  // R2
            return known < most ? known : static_cast<std::uint32_t>(most);
        }
        template <typename Fill>
        void stage(std::uint32_t i, Fill&& fill) {
            Cell& cell = ring_->cell(ring_->tail_ + i);
            fill(sync::write(cell.body));
            cell.busy.store(1, relaxed);  // others see it by R1
        }
        void publish(std::uint32_t n) {
            ring_->tail_ += n;
            (void)ring_->word_.fetch_add(std::uint64_t{n} << 32, acq_rel);  // R1, R3
        }

        // Moves the newest task out. False: there is none.
        [[nodiscard]] bool pop(TaskBody& out) {
            std::uint64_t word = ring_->word_.load(relaxed);  // our own pushes, and thieves' steps
            do {
                if (count(word) == 0) return false;
            } while (!ring_->word_.compare_exchange_weak(word, word - one_tail, relaxed,
                                                         relaxed));  // the cell is our own
            Cell& cell = ring_->cell(--ring_->tail_);
            out.take(sync::write(cell.body));
            cell.busy.store(0, relaxed);  // nobody else looks at it before the next push
            return true;
        }

        // Moves the oldest tasks out, half of them, rounded up, one after the other: to make room.
        template <typename See>
        void migrate_half(See&& see) {
            while (Thief(*ring_).steal(cells, see) == Steal::contended) {
            }
        }

        // An estimate: thieves may take some at any time.
        [[nodiscard]] std::size_t size() const { return count(ring_->word_.load(relaxed)); }

    private:
        RunRing* ring_;
    };

    // What everybody else may do.
    class Thief {
    public:
        explicit Thief(RunRing& ring) : ring_(&ring) {}

        // Half of the tasks, rounded up, at most `most` (1 or more), from the oldest on, in one
        // step; then `see(body)` for each, which moves it out.
        template <typename See>
        [[nodiscard]] Steal steal(std::size_t most, See&& see) {
            std::uint64_t word = ring_->word_.load(relaxed);  // only compared
            const std::size_t there = count(word);
            if (there == 0) return Steal::empty;
            const std::size_t half = (there + 1) / 2;
            const auto n = static_cast<std::uint32_t>(half < most ? half : most);
            const auto head = static_cast<std::uint32_t>(word);
            if (!ring_->word_.compare_exchange_strong(
                    word, (word & ~head_mask) | static_cast<std::uint32_t>(head + n), acquire,
                    relaxed))  // R1
                return Steal::contended;
            for (std::uint32_t i = 0; i < n; ++i) {
                Cell& cell = ring_->cell(head + i);
                see(sync::write(cell.body));
                cell.busy.store(0, release);  // R2
            }
            return Steal::taken;
        }

        // Whether there is anything; for one who is about to sleep: see R3.
        [[nodiscard]] bool look() {
            return count(ring_->word_.fetch_add(0, acq_rel)) > 0;  // R3
        }
        // The same, without the promise of R3.
        [[nodiscard]] bool seems_empty() const {
            return count(ring_->word_.load(relaxed)) == 0;  // a guess; look decides
        }

    private:
        RunRing* ring_;
    };

private:
    static constexpr std::uint64_t one_tail = std::uint64_t{1} << 32;
    static constexpr std::uint64_t head_mask = one_tail - 1;
    static constexpr std::uint64_t both(std::uint32_t tail, std::uint32_t head) {
        return std::uint64_t{tail} << 32 | head;
    }
    static constexpr std::size_t count(std::uint64_t word) {
        return static_cast<std::uint32_t>(static_cast<std::uint32_t>(word >> 32) -
                                          static_cast<std::uint32_t>(word));
    }
    [[nodiscard]] Cell& cell(std::uint32_t position) { return cells_[position % cells]; }

    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> word_;
    alignas(platform::no_sharing_bytes) std::uint32_t tail_;  // the owner's own
    // Cells from tail_ to here are free: so many have been looked at, and only the owner fills
    // them. At most head + capacity, as they were free then.
    std::uint32_t free_until_;
    alignas(platform::no_sharing_bytes) std::array<Cell, cells> cells_{};
};

}  // namespace stator
