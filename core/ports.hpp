// core/ports.hpp - the two ends of a stage: where its input comes from and where its output goes.
//
// A port knows its lanes and, for each, whom to wake: the worker at the other end, where that one
// may sleep. Ports are used by their stage's worker only.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/figures.hpp>
#include <stator/core/link.hpp>
#include <stator/core/wait_word.hpp>

namespace stator {

// A lane and the thread at its other end. `peer` is nullptr when that thread never sleeps for this
// lane: it spins, it is this very worker, or its policy never waits for room.
template <typename LaneT>
struct Joint {
    LaneT* lane = nullptr;
    WaitWord* peer = nullptr;
    LinkFigures* figures = nullptr;
};

// Says in the lane's record what the stage before it has done, and what the one after it has.
template <typename LaneT>
void publish_before(const Joint<LaneT>& joint) {
    auto& record = joint.figures->before;
    record.lock.begin();
    record.accepted.set(joint.lane->accepted());
    record.rejected.set(joint.lane->rejected());
    record.lock.end();
}
template <typename LaneT>
void publish_after(const Joint<LaneT>& joint, std::uint64_t taken) {
    auto& record = joint.figures->after;
    record.lock.begin();
    record.taken.set(taken);
    record.dropped.set(joint.lane->dropped());
    record.lock.end();
}

// Remembers which lanes changed during a burst, and tells each peer at the first change, so that it
// wakes while we work, and once more at the end, so that it misses nothing.
template <typename LaneT, std::size_t width>
class Joints {
public:
    std::array<Joint<LaneT>, width> at{};

    void changed(std::size_t i) {
        const auto bit = std::uint32_t{1} << i;
        touched_ |= bit;
        if (at[i].peer == nullptr) return;
        if ((told_ & bit) == 0) at[i].peer->notify();
        owed_ |= (told_ & bit);
        told_ |= bit;
    }
    // Something has been counted that concerns nobody.
    void counted(std::size_t i) { touched_ |= std::uint32_t{1} << i; }
    // `publish(i)` for each lane that changed.
    template <typename Publish>
    void end_of_burst(Publish&& publish) {
        for (std::size_t i = 0; touched_ >> i != 0; ++i) {
            if ((touched_ >> i & 1) != 0) publish(i);
            if ((owed_ >> i & 1) != 0) at[i].peer->notify();
        }
        owed_ = told_ = touched_ = 0;
    }
    void notify_all() {
        for (const Joint<LaneT>& joint : at)
            if (joint.peer != nullptr) joint.peer->notify();
    }

private:
    std::uint32_t told_ = 0;     // changed in this burst, first change told
    std::uint32_t owed_ = 0;     // changed again since
    std::uint32_t touched_ = 0;  // changed or counted in this burst
};

// Reads from `width` lanes. In order: the item whose sequence is the next one, wherever it is.
template <typename LaneT, std::size_t width, Order order>
class InPort {
public:
    using Slot = typename LaneT::Slot;
    Joints<LaneT, width> joints;

    // True when every lane has been closed; ask before `front`.
    [[nodiscard]] bool closed() const {
        for (const auto& joint : joints.at)
            if (!joint.lane->closed()) return false;
        return true;
    }

    // The item to handle next, or nullptr. It stays until `pop`. Holes are skipped here.
    [[nodiscard]] const Slot* front() {
        if constexpr (width == 1) {
            return joints.at[0].lane->front();
        } else {
            for (std::size_t tried = 0; tried < width;) {
                const Slot* slot = joints.at[turn_].lane->front();
                if (slot != nullptr && is_next(*slot)) {
                    if (!slot->hole) return slot;
                    pop();
                    tried = 0;
                    continue;
                }
                turn_ = (turn_ + 1) % width;
                ++tried;
            }
            return nullptr;
        }
    }

    // The item that `front` showed has been handled.
    void pop() {
        joints.at[turn_].lane->pop();
        joints.changed(turn_);
        ++taken_[turn_];
        ++next_;
        if constexpr (order == Order::any)
            turn_ = (turn_ + 1) % width;  // no lane waits for another
    }

    void end_of_burst() {
        joints.end_of_burst([this](std::size_t i) { publish_after(joints.at[i], taken_[i]); });
    }

private:
    [[nodiscard]] bool is_next(const Slot& slot) const {
        return order == Order::any || slot.sequence == next_;
    }

    std::size_t turn_ = 0;    // the lane that is looked at first
    std::uint64_t next_ = 0;  // in order: the sequence to come
    std::array<std::uint64_t, width> taken_{};
};

// Writes to one lane, in place.
template <typename LaneT>
class OutPort {
public:
    using Slot = typename LaneT::Slot;
    Joints<LaneT, 1> joints;

    [[nodiscard]] bool has_room() { return joints.at[0].lane->has_room(); }
    [[nodiscard]] Slot* slot() { return joints.at[0].lane->slot(); }
    void commit() {
        if (joints.at[0].lane->commit())
            joints.changed(0);
        else
            joints.counted(0);
    }
    void end_of_burst() {
        joints.end_of_burst([this](std::size_t i) { publish_before(joints.at[i]); });
    }
    void close() {
        joints.at[0].lane->close();
        joints.notify_all();
    }
};

// Writes to the lane that the item's key names. It has room only when every lane has, as the lane
// is known only afterwards: the fullest lane holds the others back, and nothing is lost.
template <typename LaneT, std::size_t width, typename Link>
class FanOutPort {
public:
    using Slot = typename LaneT::Slot;
    Joints<LaneT, width> joints;

    [[nodiscard]] bool has_room() {
        for (auto& joint : joints.at)
            if (!joint.lane->has_room()) return false;
        return true;
    }
    [[nodiscard]] Slot* slot() { return &filling_; }
    void commit() {
        const std::size_t i = static_cast<std::size_t>(Link::key(filling_.item) % width);
        Slot* const target = joints.at[i].lane->slot();
        *target = filling_;
        target->sequence = next_;
        if (!joints.at[i].lane->commit()) return joints.counted(i);
        ++next_;
        joints.changed(i);
    }
    void end_of_burst() {
        joints.end_of_burst([this](std::size_t i) { publish_before(joints.at[i]); });
    }
    void close() {
        for (auto& joint : joints.at) joint.lane->close();
        joints.notify_all();
    }

private:
    Slot filling_;
    std::uint64_t next_ = 0;  // the sequence of the next item that a lane accepts
};

// The ends that a source and a sink do not have.
struct NoPort {};

}  // namespace stator
