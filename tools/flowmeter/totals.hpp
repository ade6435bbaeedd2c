// tools/flowmeter/totals.hpp - what was seen, as sums that can be merged.
#pragma once
#include <cstdint>

#include "flowmeter/frame.hpp"
#include "flowmeter/parse.hpp"

namespace stator::flowmeter {

// Counts of frames, and of bytes where the name says so. Two identities hold (see consistent).
struct Totals {
    std::uint64_t packets = 0;          // every frame
    std::uint64_t bytes = 0;            // of every frame, on the wire
    std::uint64_t ipv4 = 0;             //
    std::uint64_t ipv6 = 0;             //
    std::uint64_t tcp = 0;              //
    std::uint64_t udp = 0;              //
    std::uint64_t sctp = 0;             //
    std::uint64_t other_ip = 0;         // IP, and none of the three
    std::uint64_t non_ip = 0;           //
    std::uint64_t malformed = 0;        // in the link or the outermost IP header
    std::uint64_t payload_bytes = 0;    // captured, of tcp, udp and sctp
    std::uint64_t flows_untracked = 0;  // frames whose flow found the table full; the caller counts

    // Counts one frame, all but .flows_untracked.
    constexpr void count(const FrameHead& head, const Parsed& parsed) noexcept {
        ++packets;
        bytes += head.wire_bytes;
        payload_bytes += parsed.payload_bytes;
        malformed += parsed.kind == Kind::malformed ? 1U : 0U;
        non_ip += parsed.kind == Kind::non_ip ? 1U : 0U;
        ipv4 += parsed.kind == Kind::ipv4 ? 1U : 0U;
        ipv6 += parsed.kind == Kind::ipv6 ? 1U : 0U;
        tcp += parsed.transport == Transport::tcp ? 1U : 0U;
        udp += parsed.transport == Transport::udp ? 1U : 0U;
        sctp += parsed.transport == Transport::sctp ? 1U : 0U;
        other_ip += parsed.transport == Transport::other ? 1U : 0U;
    }

    constexpr Totals& operator+=(const Totals& more) noexcept {
        packets += more.packets;
        bytes += more.bytes;
        ipv4 += more.ipv4;
        ipv6 += more.ipv6;
        tcp += more.tcp;
        udp += more.udp;
        sctp += more.sctp;
        other_ip += more.other_ip;
        non_ip += more.non_ip;
        malformed += more.malformed;
        payload_bytes += more.payload_bytes;
        flows_untracked += more.flows_untracked;
        return *this;
    }

    // Whether every frame was counted once by kind, and every IP packet once by transport.
    [[nodiscard]] constexpr bool consistent() const noexcept {
        return packets == ipv4 + ipv6 + non_ip + malformed &&
               ipv4 + ipv6 == tcp + udp + sctp + other_ip;
    }

    friend constexpr bool operator==(const Totals&, const Totals&) = default;
};

}  // namespace stator::flowmeter
