// tools/flowmeter/flow_key.hpp - the name of a flow: the same for both of its directions.
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace stator::flowmeter {

// Numbers of the transports that make flows, as IP headers carry them.
namespace ip_protocol {
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t sctp = 132;
}  // namespace ip_protocol

// One end of a flow. An IPv4 address fills the first four bytes, zeros follow.
struct Endpoint {
    std::array<std::uint8_t, 16> address;  // network order
    std::uint16_t port;                    // host order; 0 for later fragments

    friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// Which end of a key sent a frame.
enum class Direction : std::uint8_t { low_to_high, high_to_low };

// A bidirectional 5-tuple. Trivial and without padding, so that zeroed memory is a (null) key and
// the bytes of two equal keys are equal. Made by key_of, which keeps .low <= .high.
struct FlowKey {
    Endpoint low;
    Endpoint high;
    std::uint8_t version;    // 4 or 6; 0 in the null key
    std::uint8_t protocol;   // see ip_protocol
    std::uint16_t reserved;  // 0; fills the key up to whole words

    [[nodiscard]] constexpr const Endpoint& source(Direction direction) const noexcept {
        return direction == Direction::low_to_high ? low : high;
    }
    [[nodiscard]] constexpr const Endpoint& destination(Direction direction) const noexcept {
        return direction == Direction::low_to_high ? high : low;
    }
    friend constexpr bool operator==(const FlowKey&, const FlowKey&) = default;
};
static_assert(sizeof(FlowKey) == 40 && std::has_unique_object_representations_v<FlowKey>);
static_assert(std::is_trivial_v<FlowKey>);

// The direction of a frame from `source` to `destination`; low_to_high where both are the same.
[[nodiscard]] constexpr Direction direction_of(const Endpoint& source,
                                               const Endpoint& destination) noexcept {
    return destination < source ? Direction::high_to_low : Direction::low_to_high;
}

// The key of a frame from `source` to `destination`: the same as of one the other way round.
[[nodiscard]] constexpr FlowKey key_of(std::uint8_t version, std::uint8_t protocol,
                                       const Endpoint& source,
                                       const Endpoint& destination) noexcept {
    const bool forward = direction_of(source, destination) == Direction::low_to_high;
    return {.low = forward ? source : destination,
            .high = forward ? destination : source,
            .version = version,
            .protocol = protocol,
            .reserved = 0};
}

// 64 well-mixed bits of the key; the same in every run and in every process. There is no secret in
// it: somebody who chooses addresses freely can make flows collide. Any thread.
[[nodiscard]] std::uint64_t hash_of(const FlowKey& key) noexcept;

// Spreads hashes evenly over `shards` (1 to 2^32 - 1): 0 to shards - 1. Uses the upper half of the
// hash, so that a FlowTable, which places by the lower half, still sees all of its slots used.
[[nodiscard]] constexpr std::uint32_t shard_of(std::uint64_t hash, std::uint32_t shards) noexcept {
    return static_cast<std::uint32_t>(((hash >> 32) * shards) >> 32);
}

}  // namespace stator::flowmeter
