// tools/flowmeter/parse.cpp - walks link, network and transport headers without leaving the frame.
#include "flowmeter/parse.hpp"

#include <algorithm>
#include <cstddef>

#include "flowmeter/link_type.hpp"

namespace stator::flowmeter {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Readers of network order. The caller has checked that the bytes are there.
constexpr std::uint16_t big16(Bytes bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}
constexpr std::uint32_t big32(Bytes bytes, std::size_t at) noexcept {
    return (std::uint32_t{big16(bytes, at)} << 16) | big16(bytes, at + 2);
}

// ---- The link: where does an IP header start, and of which version? ----

enum class Network : std::uint8_t { broken, not_ip, ipv4, ipv6, by_version };

struct Inside {
    Network network;
    std::size_t at;  // of the IP header; it may lie behind the last captured byte
};

constexpr Inside broken_link{Network::broken, 0};
constexpr Inside not_ip{Network::not_ip, 0};

// Link headers that end at `end` and have an ethertype at `type_at`, which VLAN tags may follow.
Inside behind_ethertype(Bytes frame, std::size_t type_at, std::size_t end) noexcept {
    if (frame.size() < end) return broken_link;
    std::uint16_t type = big16(frame, type_at);
    while (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
        constexpr std::size_t tag = 4;  // two bytes of it are the type of what follows
        if (frame.size() - end < tag) return broken_link;
        type = big16(frame, end + 2);
        end += tag;
    }
    if (type == 0x0800) return {Network::ipv4, end};
    if (type == 0x86dd) return {Network::ipv6, end};
    return not_ip;  // also where the type is a length, as in 802.3
}

// A family word of the machine that captured; which byte order it had is not recorded.
Inside behind_family(Bytes frame) noexcept {
    constexpr std::size_t word = 4;
    if (frame.size() < word) return broken_link;
    const std::uint32_t family = big32(frame, 0);
    const std::uint32_t swapped = __builtin_bswap32(family);
    switch (std::min(family, swapped)) {  // families are small: the smaller is the right order
        case 2:
            return {Network::ipv4, word};
        case 24:  // NetBSD, OpenBSD
        case 28:  // FreeBSD
        case 30:  // macOS
        case 10:  // Linux
            return {Network::ipv6, word};
        default:
            return not_ip;
    }
}

// PPP, with or without address and control bytes, with or without protocol compression.
Inside behind_ppp(Bytes frame) noexcept {
    const bool framed = frame.size() >= 2 && frame[0] == 0xff && frame[1] == 0x03;
    const std::size_t at = framed ? 2 : 0;
    if (frame.size() <= at) return broken_link;
    const bool compressed = (frame[at] & 1) != 0;  // the first of two bytes is always even
    if (!compressed && frame.size() - at < 2) return broken_link;
    const std::uint16_t protocol = compressed ? frame[at] : big16(frame, at);
    const std::size_t end = at + (compressed ? 1 : 2);
    if (protocol == 0x0021) return {Network::ipv4, end};
    if (protocol == 0x0057) return {Network::ipv6, end};
    return not_ip;
}

Inside behind_link(int type, Bytes frame) noexcept {
    switch (type) {
        case link_type::ethernet:
            return behind_ethertype(frame, 12, 14);
        case link_type::linux_cooked:
            return behind_ethertype(frame, 14, 16);
        case link_type::linux_cooked2:
            return behind_ethertype(frame, 0, 20);
        case link_type::raw:
            return {Network::by_version, 0};
        case link_type::ipv4:
            return {Network::ipv4, 0};
        case link_type::ipv6:
            return {Network::ipv6, 0};
        case link_type::null:
        case link_type::loop:
            return behind_family(frame);
        case link_type::ppp:
        case link_type::ppp_serial:
            return behind_ppp(frame);
        default:
            return not_ip;
    }
}

// ---- IP: which protocol does the packet carry, and where? ----

struct Carried {
    std::uint8_t protocol;
    std::size_t at;       // of the protocol's header, in the packet
    bool later_fragment;  // and so without that header
    bool cut_short;       // the headers before it were not all captured
};

constexpr bool is_ipv6_extension(std::uint8_t next) noexcept {
    switch (next) {
        case 0:    // hop by hop
        case 43:   // routing
        case 44:   // fragment
        case 51:   // authentication
        case 60:   // destination options
        case 135:  // mobility
        case 139:  // host identity
        case 140:  // shim6
            return true;
        default:
            return false;
    }
}

// Walks the extension headers of `packet`, which ends where the IP length or the capture does.
Carried behind_ipv6(Bytes packet) noexcept {
    constexpr std::uint8_t fragment = 44;
    constexpr std::uint8_t authentication = 51;
    Carried carried{.protocol = packet[6], .at = 40, .later_fragment = false, .cut_short = false};
    while (is_ipv6_extension(carried.protocol)) {
        constexpr std::size_t least = 8;  // no extension header is shorter
        const std::size_t left = packet.size() - carried.at;
        if (left < least) {
            carried.cut_short = true;
            return carried;
        }
        const std::uint8_t header = carried.protocol;
        const std::size_t length = packet[carried.at + 1];
        carried.protocol = packet[carried.at];
        if (header == fragment && (big16(packet, carried.at + 2) & 0xfff8) != 0) {
            carried.later_fragment = true;  // what follows is the middle of something: stop here
            return carried;
        }
        std::size_t bytes = (length + 1) * 8;
        if (header == fragment) bytes = least;
        if (header == authentication) bytes = (length + 2) * 4;
        if (left < bytes) {
            carried.cut_short = true;
            return carried;
        }
        carried.at += bytes;
    }
    return carried;
}

// ---- The transport: whose flow is it, and what is the payload? ----

constexpr Transport transport_of(std::uint8_t protocol) noexcept {
    switch (protocol) {
        case ip_protocol::tcp:
            return Transport::tcp;
        case ip_protocol::udp:
            return Transport::udp;
        case ip_protocol::sctp:
            return Transport::sctp;
        default:
            return Transport::other;
    }
}

// Length of the transport header that `segment` starts with; 0 where it is not all there.
std::size_t transport_header(Transport transport, Bytes segment) noexcept {
    constexpr std::size_t tcp_least = 20;
    std::size_t bytes = 0;
    switch (transport) {
        case Transport::tcp:
            if (segment.size() < tcp_least) return 0;
            bytes = std::size_t{4} * (segment[12] >> 4);  // data offset, in words
            if (bytes < tcp_least) return 0;
            break;
        case Transport::udp:
            bytes = 8;
            break;
        case Transport::sctp:
            bytes = 12;
            break;
        case Transport::none:
        case Transport::other:
            return 0;
    }
    return segment.size() < bytes ? 0 : bytes;
}

// An address of `bytes` bytes, and no port.
Endpoint endpoint_at(Bytes packet, std::size_t at, std::size_t bytes) noexcept {
    Endpoint endpoint{};
    std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(at), bytes, endpoint.address.begin());
    return endpoint;
}

constexpr Parsed without_flow(Kind kind, Transport transport) noexcept {
    Parsed parsed{};
    parsed.kind = kind;
    parsed.transport = transport;
    return parsed;
}

constexpr Parsed malformed = without_flow(Kind::malformed, Transport::none);

// `packet` starts with the IP header, `packet_at` bytes into the frame, and ends where the IP
// length or the capture does.
Parsed with_carried(Kind kind, Bytes packet, std::size_t packet_at,
                    const Carried& carried) noexcept {
    const Transport transport = transport_of(carried.protocol);
    Parsed parsed = without_flow(kind, Transport::other);
    parsed.later_fragment = carried.later_fragment;
    if (carried.cut_short || transport == Transport::other) return parsed;

    const bool is_v4 = kind == Kind::ipv4;
    Endpoint source = is_v4 ? endpoint_at(packet, 12, 4) : endpoint_at(packet, 8, 16);
    Endpoint destination = is_v4 ? endpoint_at(packet, 16, 4) : endpoint_at(packet, 24, 16);
    if (!carried.later_fragment) {
        const Bytes segment = packet.subspan(carried.at);
        const std::size_t header = transport_header(transport, segment);
        if (header == 0) return parsed;
        source.port = big16(segment, 0);  // at the same place in all three
        destination.port = big16(segment, 2);
        parsed.payload_bytes = static_cast<std::uint32_t>(segment.size() - header);
        if (parsed.payload_bytes != 0)
            parsed.payload_offset = static_cast<std::uint32_t>(packet_at + carried.at + header);
    }
    parsed.transport = transport;
    parsed.key = key_of(is_v4 ? 4 : 6, carried.protocol, source, destination);
    parsed.direction = direction_of(source, destination);
    return parsed;
}

Parsed parse_ipv4(Bytes packet, std::size_t packet_at) noexcept {
    constexpr std::size_t least = 20;
    if (packet.size() < least || packet[0] >> 4 != 4) return malformed;
    const std::size_t header = std::size_t{4} * (packet[0] & 0x0f);
    const std::size_t announced = big16(packet, 2);
    // A total length of 0 is what segmentation offload leaves: the packet is all that was captured.
    const std::size_t total = announced == 0 ? packet.size() : announced;
    if (header < least || packet.size() < header || total < header) return malformed;
    const Carried carried{.protocol = packet[9],
                          .at = header,
                          .later_fragment = (big16(packet, 6) & 0x1fff) != 0,
                          .cut_short = false};
    return with_carried(Kind::ipv4, packet.first(std::min(total, packet.size())), packet_at,
                        carried);
}

Parsed parse_ipv6(Bytes packet, std::size_t packet_at) noexcept {
    constexpr std::size_t header = 40;
    if (packet.size() < header || packet[0] >> 4 != 6) return malformed;
    const std::size_t announced = big16(packet, 4);
    // A payload length of 0 is a jumbogram or segmentation offload: all that was captured.
    const std::size_t total = announced == 0 ? packet.size() : header + announced;
    const Bytes captured = packet.first(std::min(total, packet.size()));
    return with_carried(Kind::ipv6, captured, packet_at, behind_ipv6(captured));
}

}  // namespace

Parsed parse(int link_type, std::span<const std::uint8_t> captured) noexcept {
    const Bytes frame = captured.first(std::min<std::size_t>(captured.size(), UINT32_MAX));
    const Inside inside = behind_link(link_type, frame);
    const Bytes packet = frame.subspan(std::min(inside.at, frame.size()));
    switch (inside.network) {
        case Network::broken:
            return malformed;
        case Network::not_ip:
            return without_flow(Kind::non_ip, Transport::none);
        case Network::ipv4:
            return parse_ipv4(packet, inside.at);
        case Network::ipv6:
            return parse_ipv6(packet, inside.at);
        case Network::by_version:
            if (frame.empty()) return malformed;
            break;
    }
    return frame[0] >> 4 == 6 ? parse_ipv6(packet, 0) : parse_ipv4(packet, 0);
}

}  // namespace stator::flowmeter
