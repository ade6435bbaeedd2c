// tools/flowmeter/flow_table.hpp - the flows a worker has seen, in memory of a fixed size.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flowmeter/flow_key.hpp"

namespace stator::flowmeter {

// What a full table answers instead of a flow's index.
inline constexpr std::uint32_t no_flow = UINT32_MAX;

struct FlowRecord {
    FlowKey key;
    std::uint64_t packets;
    std::uint64_t bytes;          // on the wire
    std::uint64_t payload_bytes;  // captured, of the transport
    std::uint64_t first_ns;       // time of the frame counted first, since the epoch
    std::uint64_t last_ns;        // time of the frame counted last; earlier where time ran back
    Direction first_direction;    // of the frame counted first: its sender is the flow's source

    [[nodiscard]] constexpr const Endpoint& source() const noexcept {
        return key.source(first_direction);
    }
    [[nodiscard]] constexpr const Endpoint& destination() const noexcept {
        return key.destination(first_direction);
    }
};

// A hash table with open addressing that only grows, up to 7/8 of its `slots` (a power of two, 8 to
// 2^31). A trivial type: zeroed memory is an empty table, so one of static storage costs nothing to
// construct and touches a page only when a flow falls there. Elsewhere write `FlowTable<n> table{}`
// or `std::make_unique<FlowTable<n>>()`, which zero it. One thread at a time.
template <std::size_t slots>
class FlowTable {
    static_assert(std::has_single_bit(slots) && slots >= 8 && slots <= (std::size_t{1} << 31),
                  "slots is a power of two from 8 to 2^31");

public:
    static constexpr std::uint32_t capacity = static_cast<std::uint32_t>(slots / 8 * 7);

    FlowTable() = default;

    // Index of the flow `key`, added where it is new: 0 for the first, then 1, and so on. no_flow
    // where it is new and the table is full; what is there already is still found. `hash` is
    // hash_of(key). `direction` is remembered for a new flow only.
    [[nodiscard]] std::uint32_t find_or_add(const FlowKey& key, std::uint64_t hash,
                                            Direction direction) noexcept {
        const auto tag = static_cast<std::uint32_t>(hash >> 32);
        for (std::size_t at = hash & (slots - 1);; at = (at + 1) & (slots - 1)) {
            // Ends: at least one slot in eight is free.
            Slot& slot = slots_[at];
            if (slot.flow_plus_one == 0) return add(slot, tag, key, direction);
            if (slot.tag != tag) continue;  // most strangers are told by the tag, without a miss
            const std::uint32_t flow = slot.flow_plus_one - 1;
            if (records_[flow].key == key) return flow;
        }
    }

    // Adds a frame to `flow`, an index below size().
    void count(std::uint32_t flow, std::uint64_t time_ns, std::uint32_t wire_bytes,
               std::uint32_t payload_bytes) noexcept {
        FlowRecord& record = records_[flow];
        if (record.packets == 0) record.first_ns = time_ns;
        record.last_ns = time_ns;
        ++record.packets;
        record.bytes += wire_bytes;
        record.payload_bytes += payload_bytes;
    }

    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }  // 0 to capacity

    // All flows, by index. Valid until the next find_or_add or count.
    [[nodiscard]] std::span<const FlowRecord> records() const noexcept {
        return std::span{records_}.first(size_);
    }

private:
    struct Slot {
        std::uint32_t tag;            // upper half of the hash
        std::uint32_t flow_plus_one;  // 0: the slot is free
    };

    [[nodiscard]] std::uint32_t add(Slot& slot, std::uint32_t tag, const FlowKey& key,
                                    Direction direction) noexcept {
        if (size_ == capacity) return no_flow;
        const std::uint32_t flow = size_++;
        records_[flow] = {.key = key,
                          .packets = 0,
                          .bytes = 0,
                          .payload_bytes = 0,
                          .first_ns = 0,
                          .last_ns = 0,
                          .first_direction = direction};
        slot = {.tag = tag, .flow_plus_one = flow + 1};
        return flow;
    }

    // Without initialisers: the type stays trivial, and zeros are what an empty table consists of.
    std::uint32_t size_;
    std::array<Slot, slots> slots_;
    std::array<FlowRecord, capacity> records_;
};

}  // namespace stator::flowmeter
