// tests/flowmeter_parse_test.cpp - promises of flowmeter's parser and flow key.
#include "flowmeter/parse.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <random>
#include <vector>

#include "flowmeter/frame.hpp"
#include "flowmeter/link_type.hpp"
#include "flowmeter/totals.hpp"

namespace stator::flowmeter {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::uint8_t high(std::size_t value) {
    return static_cast<std::uint8_t>(value >> 8);
}
std::uint8_t low(std::size_t value) {
    return static_cast<std::uint8_t>(value);
}

Bytes ethernet(std::uint16_t type, const Bytes& inside) {
    return Bytes(12, 0x02) + Bytes{high(type), low(type)} + inside;
}

// An IPv4 packet from 10.0.0.1 to 10.0.0.2, with the length it has.
Bytes ipv4(std::uint8_t protocol, const Bytes& inside, std::uint16_t fragment = 0) {
    const std::size_t total = 20 + inside.size();
    return Bytes{0x45,
                 0,
                 high(total),
                 low(total),
                 0,
                 0,
                 high(fragment),
                 low(fragment),
                 64,
                 protocol,
                 0,
                 0,
                 10,
                 0,
                 0,
                 1,
                 10,
                 0,
                 0,
                 2} +
           inside;
}

// An IPv6 packet from ::1 to ::2, with the length it has.
Bytes ipv6(std::uint8_t next, const Bytes& inside) {
    Bytes header{0x60, 0, 0, 0, high(inside.size()), low(inside.size()), next, 64};
    header.resize(40, 0);
    header[23] = 1;
    header[39] = 2;
    return header + inside;
}

Bytes udp(std::uint16_t from, std::uint16_t to, const Bytes& payload) {
    return Bytes{high(from), low(from), high(to), low(to), 0, 0, 0, 0} + payload;
}

Bytes tcp(std::uint16_t from, std::uint16_t to, const Bytes& payload, std::uint8_t words = 5) {
    Bytes header{high(from), low(from), high(to), low(to)};
    header.resize(20, 0);
    header[12] = static_cast<std::uint8_t>(words << 4);
    header.resize(std::max<std::size_t>(20, std::size_t{4} * words), 1);
    return header + payload;
}

Bytes sctp(std::uint16_t from, std::uint16_t to, const Bytes& payload) {
    return Bytes{high(from), low(from), high(to), low(to), 0, 0, 0, 0, 0, 0, 0, 0} + payload;
}

const Bytes five{1, 2, 3, 4, 5};

Parsed parse_ethernet(std::uint16_t type, const Bytes& inside) {
    return parse(link_type::ethernet, ethernet(type, inside));
}

TEST(flowmeter_parse, udp_in_ipv4_gives_ports_direction_and_payload) {
    const Parsed parsed = parse_ethernet(0x0800, ipv4(17, udp(5000, 53, five)));
    EXPECT_EQ(parsed.kind, Kind::ipv4);
    EXPECT_EQ(parsed.transport, Transport::udp);
    EXPECT_EQ(parsed.payload_offset, 14U + 20 + 8);
    EXPECT_EQ(parsed.payload_bytes, 5U);
    EXPECT_FALSE(parsed.later_fragment);
    EXPECT_EQ(parsed.key.version, 4);
    EXPECT_EQ(parsed.key.protocol, 17);
    EXPECT_EQ(parsed.key.source(parsed.direction).port, 5000);
    EXPECT_EQ(parsed.key.source(parsed.direction).address[3], 1);
    EXPECT_EQ(parsed.key.destination(parsed.direction).port, 53);
    EXPECT_EQ(parsed.key.destination(parsed.direction).address[3], 2);
}

TEST(flowmeter_parse, both_directions_have_one_key_and_two_directions) {
    Bytes there = ipv4(6, tcp(1000, 80, five));
    Bytes back = ipv4(6, tcp(80, 1000, five));
    std::swap_ranges(back.begin() + 12, back.begin() + 16, back.begin() + 16);
    const Parsed a = parse(link_type::raw, there);
    const Parsed b = parse(link_type::raw, back);
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(hash_of(a.key), hash_of(b.key));
    EXPECT_NE(a.direction, b.direction);
    EXPECT_EQ(a.key.source(a.direction), b.key.destination(b.direction));
}

TEST(flowmeter_parse, ends_that_differ_in_any_part_have_different_keys) {
    const Parsed base = parse(link_type::raw, ipv4(6, tcp(1000, 80, {})));
    EXPECT_FALSE(base.key == parse(link_type::raw, ipv4(6, tcp(1001, 80, {}))).key);
    EXPECT_FALSE(base.key == parse(link_type::raw, ipv4(6, tcp(80, 1000, {}))).key);
    EXPECT_FALSE(base.key == parse(link_type::raw, ipv4(17, udp(1000, 80, {}))).key);
}

TEST(flowmeter_parse, a_flow_to_itself_runs_from_low_to_high) {
    Bytes packet = ipv4(17, udp(7, 7, {}));
    packet[19] = 1;
    EXPECT_EQ(parse(link_type::raw, packet).direction, Direction::low_to_high);
}

TEST(flowmeter_parse, tcp_options_are_no_payload) {
    const Parsed parsed = parse(link_type::raw, ipv4(6, tcp(1, 2, five, 8)));
    EXPECT_EQ(parsed.transport, Transport::tcp);
    EXPECT_EQ(parsed.payload_offset, 20U + 32);
    EXPECT_EQ(parsed.payload_bytes, 5U);
}

TEST(flowmeter_parse, sctp_payload_starts_behind_the_common_header) {
    const Parsed parsed = parse(link_type::raw, ipv4(132, sctp(1, 2, five)));
    EXPECT_EQ(parsed.transport, Transport::sctp);
    EXPECT_EQ(parsed.payload_offset, 20U + 12);
    EXPECT_EQ(parsed.payload_bytes, 5U);
}

TEST(flowmeter_parse, a_transport_header_cut_short_is_other_ip_without_a_flow) {
    for (const Bytes& cut :
         {ipv4(6, Bytes(19, 0x50)), ipv4(17, Bytes(7, 0)), ipv4(132, Bytes(11, 0)),
          ipv4(6, tcp(1, 2, {}, 4)), ipv6(6, Bytes(19, 0x50)), ipv6(17, {})}) {
        const Parsed parsed = parse(link_type::raw, cut);
        EXPECT_EQ(parsed.transport, Transport::other);
        EXPECT_FALSE(parsed.has_flow());
        EXPECT_EQ(parsed.key, FlowKey{});
        EXPECT_EQ(parsed.payload_bytes, 0U);
    }
    Bytes options_cut = ipv4(6, tcp(1, 2, {}, 8));
    options_cut.pop_back();
    EXPECT_EQ(parse(link_type::raw, options_cut).transport, Transport::other);
}

TEST(flowmeter_parse, a_transport_header_beyond_the_ip_length_is_other_ip) {
    Bytes packet = ipv4(17, udp(1, 2, five));
    packet[3] = 20 + 7;
    EXPECT_EQ(parse(link_type::raw, packet).transport, Transport::other);
    packet[3] = 20 + 8;
    EXPECT_EQ(parse(link_type::raw, packet).transport, Transport::udp);
    EXPECT_EQ(parse(link_type::raw, packet).payload_bytes, 0U);
}

TEST(flowmeter_parse, other_protocols_are_other_ip) {
    for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{1, 2, 41, 47, 50, 51}) {
        const Parsed parsed = parse(link_type::raw, ipv4(protocol, Bytes(64, 0)));
        EXPECT_EQ(parsed.kind, Kind::ipv4);
        EXPECT_EQ(parsed.transport, Transport::other);
    }
    EXPECT_EQ(parse(link_type::raw, ipv6(58, Bytes(64, 0))).transport, Transport::other);
    EXPECT_EQ(parse(link_type::raw, ipv6(59, Bytes(64, 0))).transport, Transport::other);
}

TEST(flowmeter_parse, link_padding_is_no_payload_but_cut_capture_still_counts) {
    const Bytes packet = ipv4(17, udp(1, 2, five));
    EXPECT_EQ(parse_ethernet(0x0800, packet + Bytes(13, 0)).payload_bytes, 5U);
    Bytes cut = packet;
    cut.resize(cut.size() - 2);
    EXPECT_EQ(parse_ethernet(0x0800, cut).payload_bytes, 3U);
}

TEST(flowmeter_parse, a_length_of_zero_takes_all_that_was_captured) {
    Bytes v4 = ipv4(17, udp(1, 2, five)) + Bytes(4, 0);
    v4[2] = v4[3] = 0;
    EXPECT_EQ(parse(link_type::raw, v4).payload_bytes, 9U);
    Bytes v6 = ipv6(17, udp(1, 2, five)) + Bytes(4, 0);
    v6[4] = v6[5] = 0;
    EXPECT_EQ(parse(link_type::raw, v6).payload_bytes, 9U);
}

TEST(flowmeter_parse, ip_headers_that_cannot_be_are_malformed) {
    const Bytes good = ipv4(17, udp(1, 2, five));
    const auto with = [&](std::size_t at, std::uint8_t value) {
        Bytes bad = good;
        bad[at] = value;
        return parse_ethernet(0x0800, bad).kind;
    };
    EXPECT_EQ(with(0, 0x45), Kind::ipv4);
    EXPECT_EQ(with(0, 0x65), Kind::malformed) << "version";
    EXPECT_EQ(with(0, 0x44), Kind::malformed) << "header length below the least";
    EXPECT_EQ(with(0, 0x4f), Kind::malformed) << "header longer than captured";
    EXPECT_EQ(with(3, 19), Kind::malformed) << "total length below the header";
    EXPECT_EQ(parse_ethernet(0x86dd, good).kind, Kind::malformed) << "not the announced version";
    EXPECT_EQ(parse_ethernet(0x0800, ipv6(17, {})).kind, Kind::malformed);
    EXPECT_EQ(parse_ethernet(0x0800, Bytes(19, 0x45)).kind, Kind::malformed);
    EXPECT_EQ(parse_ethernet(0x86dd, Bytes(39, 0x60)).kind, Kind::malformed);
    EXPECT_EQ(parse(link_type::raw, Bytes(60, 0x55)).kind, Kind::malformed);
    EXPECT_EQ(parse(link_type::ipv4, ipv6(17, {})).kind, Kind::malformed);
    EXPECT_EQ(parse(link_type::ipv6, good).kind, Kind::malformed);
}

TEST(flowmeter_parse, a_frame_without_bytes_is_malformed_where_the_link_is_known) {
    for (const int link : {0, 1, 9, 12, 50, 108, 113, 228, 229, 276})
        EXPECT_EQ(parse(link, {}).kind, Kind::malformed) << link;
    EXPECT_EQ(parse(105, {}).kind, Kind::non_ip) << "of other links every frame is non-IP";
}

TEST(flowmeter_parse, vlan_tags_are_walked_through) {
    const Bytes inside = ipv4(17, udp(1, 2, five));
    const Bytes one = Bytes{0, 5, 0x08, 0x00} + inside;
    for (const std::uint16_t tag : std::initializer_list<std::uint16_t>{0x8100, 0x88a8, 0x9100})
        EXPECT_EQ(parse_ethernet(tag, one).payload_offset, 14U + 4 + 20 + 8);
    EXPECT_EQ(parse_ethernet(0x88a8, Bytes{0, 6, 0x81, 0x00} + one).transport, Transport::udp);
    EXPECT_EQ(parse_ethernet(0x8100, Bytes{0, 5, 0x08}).kind, Kind::malformed);
    EXPECT_EQ(parse_ethernet(0x8100, Bytes{0, 5, 0x00, 0x40}).kind, Kind::non_ip);
}

TEST(flowmeter_parse, frames_of_other_kinds_are_non_ip) {
    for (const std::uint16_t type :
         std::initializer_list<std::uint16_t>{0x0806, 0x8864, 0x8847, 0x88cc, 46, 1500})
        EXPECT_EQ(parse_ethernet(type, Bytes(46, 0x45)).kind, Kind::non_ip) << type;
    EXPECT_EQ(parse_ethernet(0x0806, {}).kind, Kind::non_ip);
    EXPECT_EQ(parse(link_type::ethernet, Bytes(13, 0)).kind, Kind::malformed);
    EXPECT_EQ(parse(105, Bytes(100, 0x45)).kind, Kind::non_ip);
}

TEST(flowmeter_parse, every_link_type_leads_to_the_packet) {
    const Bytes v4 = ipv4(17, udp(1, 2, five));
    const Bytes v6 = ipv6(17, udp(1, 2, five));
    const auto leads = [&](int link, const Bytes& head, const Bytes& packet, Kind kind) {
        const Parsed parsed = parse(link, head + packet);
        const std::size_t header = kind == Kind::ipv4 ? 20 : 40;
        return parsed.kind == kind && parsed.payload_bytes == 5 &&
               parsed.payload_offset == head.size() + header + 8;
    };
    EXPECT_TRUE(leads(link_type::raw, {}, v4, Kind::ipv4));
    EXPECT_TRUE(leads(link_type::raw, {}, v6, Kind::ipv6));
    EXPECT_TRUE(leads(link_type::ipv4, {}, v4, Kind::ipv4));
    EXPECT_TRUE(leads(link_type::ipv6, {}, v6, Kind::ipv6));
    const Bytes cooked(14, 0);
    EXPECT_TRUE(leads(link_type::linux_cooked, cooked + Bytes{0x08, 0x00}, v4, Kind::ipv4));
    EXPECT_TRUE(leads(link_type::linux_cooked, cooked + Bytes{0x86, 0xdd}, v6, Kind::ipv6));
    EXPECT_TRUE(leads(link_type::linux_cooked2, Bytes{0x08, 0} + Bytes(18, 0), v4, Kind::ipv4));
    EXPECT_TRUE(leads(link_type::linux_cooked2, Bytes{0x86, 0xdd} + Bytes(18, 0), v6, Kind::ipv6));
    for (const int link : {link_type::null, link_type::loop}) {
        EXPECT_TRUE(leads(link, {2, 0, 0, 0}, v4, Kind::ipv4));
        EXPECT_TRUE(leads(link, {0, 0, 0, 2}, v4, Kind::ipv4));
        for (const std::uint8_t family : std::initializer_list<std::uint8_t>{10, 24, 28, 30}) {
            EXPECT_TRUE(leads(link, {family, 0, 0, 0}, v6, Kind::ipv6));
            EXPECT_TRUE(leads(link, {0, 0, 0, family}, v6, Kind::ipv6));
        }
        EXPECT_EQ(parse(link, Bytes{7, 0, 0, 0} + v4).kind, Kind::non_ip);
    }
    for (const int link : {link_type::ppp, link_type::ppp_serial}) {
        EXPECT_TRUE(leads(link, {0xff, 0x03, 0x00, 0x21}, v4, Kind::ipv4));
        EXPECT_TRUE(leads(link, {0x00, 0x21}, v4, Kind::ipv4));
        EXPECT_TRUE(leads(link, {0x21}, v4, Kind::ipv4));
        EXPECT_TRUE(leads(link, {0xff, 0x03, 0x57}, v6, Kind::ipv6));
        EXPECT_TRUE(leads(link, {0x00, 0x57}, v6, Kind::ipv6));
        EXPECT_EQ(parse(link, Bytes{0xc0, 0x21} + v4).kind, Kind::non_ip);
    }
}

TEST(flowmeter_parse, link_headers_cut_short_are_malformed) {
    const auto kind = [](int link, const Bytes& bytes) { return parse(link, bytes).kind; };
    EXPECT_EQ(kind(link_type::linux_cooked, Bytes(15, 0)), Kind::malformed);
    EXPECT_EQ(kind(link_type::linux_cooked2, Bytes(19, 0)), Kind::malformed);
    EXPECT_EQ(kind(link_type::null, Bytes(3, 0)), Kind::malformed);
    EXPECT_EQ(kind(link_type::loop, Bytes(3, 0)), Kind::malformed);
    EXPECT_EQ(kind(link_type::ppp, {0xff, 0x03}), Kind::malformed);
    EXPECT_EQ(kind(link_type::ppp, {0x00}), Kind::malformed);
}

TEST(flowmeter_parse, ipv6_extension_headers_are_walked_through) {
    const Bytes inside = udp(1, 2, five);
    for (const std::uint8_t kind : std::initializer_list<std::uint8_t>{0, 43, 60, 135, 139, 140}) {
        const Parsed parsed =
            parse(link_type::raw, ipv6(kind, Bytes{17, 1} + Bytes(14, 0) + inside));
        EXPECT_EQ(parsed.transport, Transport::udp) << int{kind};
        EXPECT_EQ(parsed.payload_offset, 40U + 16 + 8) << int{kind};
    }
    const Bytes authentication = Bytes{17, 4} + Bytes(22, 0);  // (4 + 2) words
    EXPECT_EQ(parse(link_type::raw, ipv6(51, authentication + inside)).payload_bytes, 5U);
    const Bytes chain =
        Bytes{44, 0} + Bytes(6, 0) + Bytes{60, 9, 0, 1, 0, 0, 0, 0} + Bytes{17, 0} + Bytes(6, 0);
    const Parsed first_fragment = parse(link_type::raw, ipv6(0, chain + inside));
    EXPECT_EQ(first_fragment.transport, Transport::udp);
    EXPECT_FALSE(first_fragment.later_fragment);
    EXPECT_EQ(first_fragment.payload_bytes, 5U);
}

TEST(flowmeter_parse, an_extension_chain_that_runs_out_is_other_ip) {
    for (const Bytes& chain : {Bytes{}, Bytes{17}, Bytes{17, 0, 0, 0, 0, 0, 0},
                               Bytes{17, 1} + Bytes(13, 0), Bytes{0, 0} + Bytes(6, 0)}) {
        const Parsed parsed = parse(link_type::raw, ipv6(0, chain));
        EXPECT_EQ(parsed.kind, Kind::ipv6);
        EXPECT_EQ(parsed.transport, Transport::other);
    }
}

TEST(flowmeter_parse, later_fragments_are_a_flow_with_ports_zero_and_no_payload) {
    const Parsed v4 = parse(link_type::raw, ipv4(17, Bytes(4, 0xaa), 0x2001));
    const Parsed v6 = parse(link_type::raw, ipv6(44, Bytes{6, 0, 0x00, 0x08, 0, 0, 0, 0}));
    for (const Parsed& parsed : {v4, v6}) {
        EXPECT_TRUE(parsed.later_fragment);
        EXPECT_TRUE(parsed.has_flow());
        EXPECT_EQ(parsed.key.low.port, 0);
        EXPECT_EQ(parsed.key.high.port, 0);
        EXPECT_EQ(parsed.payload_bytes, 0U);
    }
    EXPECT_EQ(v4.transport, Transport::udp);
    EXPECT_EQ(v6.transport, Transport::tcp);
    EXPECT_EQ(parse(link_type::raw, ipv4(17, udp(1, 2, five), 0x2000)).payload_bytes, 5U)
        << "a first fragment has its ports and payload";
    const Parsed hidden = parse(link_type::raw, ipv6(44, Bytes{60, 0, 0, 8, 0, 0, 0, 0}));
    EXPECT_EQ(hidden.transport, Transport::other) << "what follows a later fragment is not walked";
}

// What holds for any bytes at all. Parses a copy that ends where its memory does, for the
// sanitizer to see a read beyond it.
void expect_sound(int link, const Bytes& bytes) {
    const Bytes exact(bytes);
    const Parsed parsed = parse(link, exact);
    ASSERT_LE(std::size_t{parsed.payload_offset} + parsed.payload_bytes, exact.size());
    const bool ip = parsed.kind == Kind::ipv4 || parsed.kind == Kind::ipv6;
    ASSERT_EQ(ip, parsed.transport != Transport::none);
    ASSERT_TRUE(parsed.payload_bytes == 0 || (parsed.has_flow() && !parsed.later_fragment));
    ASSERT_LE(parsed.key.low, parsed.key.high);
    ASSERT_EQ(parsed.has_flow(), !(parsed.key == FlowKey{}));
    Totals totals;
    totals.count({.time_ns = 0, .captured_bytes = 0, .wire_bytes = 9, .link_type = link}, parsed);
    ASSERT_TRUE(totals.consistent());
}

TEST(flowmeter_parse, any_bytes_are_parsed_within_their_bounds) {
    const std::vector<int> links{0, 1, 9, 12, 50, 105, 108, 113, 228, 229, 276};
    std::mt19937 random{20260101};
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const std::vector<Bytes> seeds{
        ethernet(0x8100, Bytes{0, 5, 0x08, 0x00} + ipv4(6, tcp(1, 2, five, 8))),
        ethernet(0x86dd, ipv6(0, Bytes{44, 0} + Bytes(6, 0) + Bytes{51, 0, 0, 1, 0, 0, 0, 0} +
                                     Bytes{17, 1} + Bytes(10, 0) + udp(1, 2, five))),
        ipv4(132, sctp(1, 2, five)),
        ipv6(60, Bytes{6, 0} + Bytes(6, 0) + tcp(1, 2, five)),
        Bytes{0xff, 0x03, 0x21} + ipv4(17, udp(1, 2, five)),
        Bytes{0, 0, 0, 30} + ipv6(17, udp(1, 2, five)),
        Bytes(14, 0) + Bytes{0x08, 0x00} + ipv4(17, udp(1, 2, five), 0x0003)};
    for (int round = 0; round < 100'000; ++round) {
        Bytes bytes = seeds[below(seeds.size())];
        if (round % 4 == 0) bytes = Bytes(below(128), 0);
        const std::size_t flips = round % 4 == 0 ? bytes.size() : below(6);
        for (std::size_t i = 0; i < flips && !bytes.empty(); ++i)
            bytes[round % 4 == 0 ? i : below(bytes.size())] = low(random());
        if (round % 3 == 0) bytes.resize(below(bytes.size() + 1));
        ASSERT_NO_FATAL_FAILURE(expect_sound(links[below(links.size())], bytes)) << round;
    }
}

TEST(flowmeter_parse, hashes_of_similar_flows_spread_evenly) {
    constexpr std::size_t buckets = 256;
    std::vector<int> by_low(buckets, 0);
    std::vector<int> by_shard(buckets, 0);
    for (std::uint32_t i = 0; i < 65536; ++i) {
        Endpoint a{};
        Endpoint b{};
        a.address = {10, 0, 0, 1};
        b.address = {10, 0, high(i >> 4), low(i >> 4)};
        a.port = 80;
        b.port = static_cast<std::uint16_t>(1024 + (i & 15));
        const std::uint64_t hash = hash_of(key_of(4, 6, a, b));
        ++by_low[hash % buckets];
        ++by_shard[shard_of(hash, buckets)];
    }
    for (const std::vector<int>& counts : {by_low, by_shard})  // 256 expected, deviation 16
        for (const int count : counts) EXPECT_NEAR(count, 256, 90);
    EXPECT_EQ(shard_of(UINT64_MAX, 3), 2U);
    EXPECT_EQ(shard_of(UINT64_MAX, 1), 0U);
    EXPECT_EQ(shard_of(0, 3), 0U);
}

}  // namespace
}  // namespace stator::flowmeter
