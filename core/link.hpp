// core/link.hpp - what joins two stages: how many slots, what happens when they are full.
//
//   Input <Item, slots>               the first element of a pipeline that the caller feeds
//   Ring  <Item, slots, full>         one stage to one, or lane by lane between equal widths
//   FanOut<Item, slots, key, full>    one stage to N lanes: equal keys go to the same lane
//   FanIn <Item, slots, order, full>  N lanes to one stage, as they come or in the FanOut's order
//
// Every slot carries two stamps of the cycle counter: latency is measured per stage and end to end.
#pragma once
#include <cstddef>
#include <cstdint>

#include <stator/core/overwriting_ring.hpp>
#include <stator/core/spsc_ring.hpp>

namespace stator {

// What happens when a link has no free slot.
enum class Full : std::uint8_t {
    wait,         // the stage before it is not run until there is room; nothing is lost
    reject,       // the new item is lost, and counted as `rejected`
    drop_oldest,  // the oldest item in the link is lost, and counted as `dropped`
};

enum class Order : std::uint8_t {
    any,       // as the lanes deliver
    in_order,  // as the items entered the lanes
};

template <typename T, std::size_t n, Full policy = Full::wait>
struct Ring {
    using Item = T;
    static constexpr std::size_t slots = n;
    static constexpr Full full = policy;
    static constexpr bool is_input = false, is_fan_out = false, is_fan_in = false;
    static constexpr Order order = Order::any;
};

template <typename T, std::size_t n>
struct Input : Ring<T, n> {
    static constexpr bool is_input = true;
};

// `key_of(item)` is any function of the item that answers with an integer; well mixed keys give
// evenly loaded lanes. The item is written once more than in a Ring: its lane is known only when it
// is full.
template <typename T, std::size_t n, auto key_of, Full policy = Full::wait>
struct FanOut : Ring<T, n, policy> {
    static constexpr bool is_fan_out = true;
    [[nodiscard]] static std::uint64_t key(const T& item) {
        return static_cast<std::uint64_t>(key_of(item));
    }
};

template <typename T, std::size_t n, Order o = Order::any, Full policy = Full::wait>
struct FanIn : Ring<T, n, policy> {
    static constexpr bool is_fan_in = true;
    static constexpr Order order = o;
};

// What stands in a slot.
template <typename T>
struct Envelope {
    std::uint64_t entered = 0;   // cycles: when the item came into the pipeline
    std::uint64_t arrived = 0;   // cycles: when it came into this link
    std::uint64_t sequence = 0;  // its place in the order of the last fan-out
    bool hole = false;           // the item ended in a lane; only its place in the order goes on
    T item{};
};

// One lane of a link, in the words that stages use: slot and commit, front and pop.
// Threads: as SpscRing. Policies wait and reject.
template <typename T, std::size_t slots, Full full>
class Lane {
public:
    using Slot = Envelope<T>;

    // -- the stage before --
    [[nodiscard]] bool has_room() { return full != Full::wait || ring_.writable(1) > 0; }
    // Where to write the next item. Never nullptr when `has_room`.
    [[nodiscard]] Slot* slot() {
        Slot* free = ring_.slot();
        refused_ = free == nullptr;
        return refused_ ? &spare_ : free;
    }
    // The slot is filled. False: there was no room, the item is lost and counted.
    bool commit() {
        if (refused_) {
            ++rejected_;
            return false;
        }
        ring_.commit();
        return true;
    }
    void close() { ring_.close(); }

    // -- the stage after --
    [[nodiscard]] bool closed() const { return ring_.closed(); }
    [[nodiscard]] const Slot* front() { return ring_.front(); }
    void pop() { ring_.release_items(); }

    [[nodiscard]] std::uint64_t dropped() const { return 0; }

    // -- the stage before --
    [[nodiscard]] std::uint64_t accepted() const { return ring_.tail_index(); }
    [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

private:
    SpscRing<Slot, slots> ring_;
    alignas(platform::no_sharing_bytes) Slot spare_;  // the stage before: a refused item's place
    bool refused_ = false;
    std::uint64_t rejected_ = 0;
};

// The same for drop_oldest: the stage before writes a copy, the stage after reads a copy.
template <typename T, std::size_t slots>
class Lane<T, slots, Full::drop_oldest> {
public:
    using Slot = Envelope<T>;

    [[nodiscard]] bool has_room() const { return true; }
    [[nodiscard]] Slot* slot() { return &filling_; }
    bool commit() {
        ring_.push(filling_);
        return true;
    }
    void close() { ring_.close(); }

    [[nodiscard]] bool closed() const { return ring_.closed(); }
    [[nodiscard]] const Slot* front() {
        if (!held_) held_ = ring_.pop(reading_);
        return held_ ? &reading_ : nullptr;
    }
    void pop() { held_ = false; }

    [[nodiscard]] std::uint64_t dropped() const { return ring_.dropped(); }

    [[nodiscard]] std::uint64_t accepted() const { return ring_.tail_index(); }
    [[nodiscard]] std::uint64_t rejected() const { return 0; }

private:
    OverwritingRing<Slot, slots> ring_;
    alignas(platform::no_sharing_bytes) Slot filling_;  // the stage before
    alignas(platform::no_sharing_bytes) Slot reading_;  // the stage after
    bool held_ = false;
};

template <typename Link>
using LaneOf = Lane<typename Link::Item, Link::slots, Link::full>;

}  // namespace stator
