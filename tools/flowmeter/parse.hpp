// tools/flowmeter/parse.hpp - from the captured bytes of a frame to its flow and its payload.
//
// What counts as what:
//  - malformed: the link header or the outermost IP header cannot be read: too few captured bytes,
//    an IP version that is not the one announced, a header length below the least or beyond the
//    captured bytes, an IPv4 total length below the header's.
//  - tcp, udp, sctp: the outermost IP header, past any VLAN tags and IPv6 extension headers,
//  carries
//    that transport and its whole header was captured. A later fragment, which has no transport
//    header, counts under its protocol, with ports 0.
//  - other: every other IP packet, also one whose transport or extension header is cut short.
#pragma once
#include <cstdint>
#include <span>
#include <type_traits>

#include "flowmeter/flow_key.hpp"

namespace stator::flowmeter {

enum class Kind : std::uint8_t { malformed, non_ip, ipv4, ipv6 };

enum class Transport : std::uint8_t { none, tcp, udp, sctp, other };  // none: not an IP packet

struct Parsed {
    FlowKey key;                   // of tcp, udp and sctp; else the null key
    std::uint32_t payload_offset;  // from the frame's first byte; 0 where there is no payload
    std::uint32_t payload_bytes;   // captured ones within the IP length; 0 for later fragments
    Kind kind;
    Transport transport;
    Direction direction;  // of this frame along .key
    bool later_fragment;  // not the first fragment of its packet

    // Whether the frame belongs to a flow.
    [[nodiscard]] constexpr bool has_flow() const noexcept {
        return transport == Transport::tcp || transport == Transport::udp ||
               transport == Transport::sctp;
    }
};
static_assert(std::is_trivial_v<Parsed>);

// Looks into a frame of a link type of libpcap's (see link_type.hpp; all others are non_ip). Reads
// nothing but `captured`, of which it takes at most the first 2^32 - 1 bytes; never fails; takes
// time in proportion to the headers it walks. Any thread.
[[nodiscard]] Parsed parse(int link_type, std::span<const std::uint8_t> captured) noexcept;

}  // namespace stator::flowmeter
