// core/input.hpp - the way into a pipeline for a thread that is not one of ours: the caller.
//
//   seat_:  free -> pushing -> free ...          `stop` takes the seat for ever: closed
//
// One thread pushes. `stop` may come from another one: it takes the seat between two pushes, so an
// item is accepted and will be executed, or is refused with `closed`; never both, never neither.
//
// Threads    put, push, push_or_wait: one thread. close: any.
// Edges      C1  put releases seat_ -> close acquires seat_ : the last item is in before the ring
//                closes (the item itself travels by E1 of SpscRing)
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <stator/core/link.hpp>
#include <stator/core/ports.hpp>
#include <stator/core/sync.hpp>
#include <stator/platform/check.hpp>

namespace stator {

enum class Push : std::uint8_t {
    accepted,
    full,    // nothing was changed; try again, or use push_or_wait
    closed,  // the pipeline is stopping, and takes no more
    forked,  // this process is a child of the one that started the scheduler
};

template <typename T, std::size_t slots>
class InputGate {
    using enum std::memory_order;
    using LaneT = Lane<T, slots, Full::wait>;

public:
    InputGate() = default;
    // The gate of a process that is a child of the one that started the scheduler.
    [[nodiscard]] static InputGate& forked() {
        static InputGate gate(of_a_child);
        return gate;
    }

    // Fills the next slot in place: `fill(item)` is called at most once, with an item of unknown
    // content, and only where the answer is `accepted`. It must not throw. Memory ordering: what
    // the caller did before is visible to the stage that handles the item.
    template <typename Fill>
    [[nodiscard]] Push put(Fill&& fill) {
        if (const Push refused = sit_down(); refused != Push::accepted) return refused;
        auto& lane = *joints.at[0].lane;
        const bool room = lane.has_room();
        if (room) {
            auto& slot = *lane.slot();
            fill(slot.item);
            slot.entered = slot.arrived = sync::cycles();
            slot.hole = false;
            lane.commit();
            publish_before(joints.at[0]);
        }
        stand_up();
        if (!room) return Push::full;
        if (joints.at[0].peer != nullptr) joints.at[0].peer->notify();
        return Push::accepted;
    }

    [[nodiscard]] Push push(const T& item) {
        return put([&](T& target) { target = item; });
    }

    // Pushes as many as fit, from the first on, with one wake-up; `count` says how many:
    // 0..items.size().
    [[nodiscard]] Push push_burst(std::span<const T> items, std::size_t& count) {
        count = 0;
        if (const Push refused = sit_down(); refused != Push::accepted) return refused;
        auto& lane = *joints.at[0].lane;
        for (; count < items.size() && lane.has_room(); ++count) {
            auto& slot = *lane.slot();
            slot.item = items[count];
            slot.entered = slot.arrived = sync::cycles();
            slot.hole = false;
            lane.commit();
        }
        if (count > 0) publish_before(joints.at[0]);
        stand_up();
        if (count > 0 && joints.at[0].peer != nullptr) joints.at[0].peer->notify();
        return count == 0 && !items.empty() ? Push::full : Push::accepted;
    }

    // As put, but sleeps while the link is full. Answers accepted or closed. Not from a worker.
    template <typename Fill>
    [[nodiscard]] Push put_or_wait(Fill&& fill) {
        for (;;) {
            if (const Push p = put(fill); p != Push::full) return p;
            word.announce();
            if (joints.at[0].lane->has_room() || is_closed()) {
                word.retract();
                continue;
            }
            word.sleep();
        }
    }
    [[nodiscard]] Push push_or_wait(const T& item) {
        return put_or_wait([&](T& target) { target = item; });
    }

    // No item will follow; what was accepted is handled, then the pipeline ends. Any thread, any
    // number of times. Waits for a push that is under way.
    void close() {
        for (;;) {
            std::uint32_t seat = free;
            if (seat_.compare_exchange_weak(seat, closed, acq_rel, relaxed)) break;  // C1
            if (seat == closed) return;
            sync::relax();  // a push is some 20 ns long; it ends, then the seat is ours
        }
        joints.at[0].lane->close();
        joints.notify_all();
        word.notify();  // a pusher that sleeps on a full link is told `closed`
    }

    [[nodiscard]] bool is_closed() const { return seat_.load(acquire) == closed; }  // C1

    Joints<LaneT, 1> joints;  // the lane, and the worker that reads it
    WaitWord word;            // where the caller sleeps

private:
    static constexpr std::uint32_t free = 0, pushing = 1, closed = 2, of_a_child = 3;
    explicit InputGate(std::uint32_t seat) : seat_(seat) {}

    [[nodiscard]] Push sit_down() {
        std::uint32_t seat = free;
        if (seat_.compare_exchange_strong(seat, pushing, acquire, relaxed))  // C1
            return Push::accepted;
        if (seat == of_a_child) return Push::forked;
        platform::check(seat == closed, "two threads push into one pipeline; give each its own");
        return Push::closed;
    }
    void stand_up() { seat_.store(free, release); }  // C1

    sync::atomic<std::uint32_t> seat_{free};
};

}  // namespace stator
