// tests/flowmeter_table_test.cpp - promises of flowmeter's flow table, digests and totals.
#include "flowmeter/flow_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "flowmeter/flow_digest.hpp"
#include "flowmeter/totals.hpp"

namespace stator::flowmeter {
namespace {

FlowKey key(std::uint16_t port) {
    Endpoint a{};
    Endpoint b{};
    a.address[0] = 10;
    b.address[0] = 11;
    b.port = port;
    return key_of(4, ip_protocol::udp, a, b);
}

std::uint32_t put(auto& table, std::uint16_t port) {
    return table.find_or_add(key(port), hash_of(key(port)), Direction::low_to_high);
}

std::string hex(const PayloadDigest& digest) {
    std::string text;
    for (const std::uint8_t byte : digest.bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

// The whole point of the types being trivial: this costs no construction.
FlowTable<1024> static_table;
static_assert(std::is_trivial_v<FlowTable<1024>> && std::is_trivial_v<FlowDigests<8>>);

TEST(flowmeter_table, a_table_of_zeroed_memory_is_empty_and_works) {
    EXPECT_EQ(static_table.size(), 0U);
    EXPECT_TRUE(static_table.records().empty());
    EXPECT_EQ(put(static_table, 1), 0U);
    EXPECT_EQ(static_table.size(), 1U);
}

TEST(flowmeter_table, indices_are_dense_and_stay) {
    const auto table = std::make_unique<FlowTable<1024>>();
    for (std::uint16_t port = 0; port < 100; ++port) EXPECT_EQ(put(*table, port), port);
    for (std::uint16_t port = 0; port < 100; ++port) EXPECT_EQ(put(*table, port), port);
    EXPECT_EQ(table->size(), 100U);
    EXPECT_EQ(table->records()[42].key, key(42));
}

TEST(flowmeter_table, a_full_table_says_so_and_keeps_what_it_has) {
    FlowTable<64> table{};
    ASSERT_EQ(table.capacity, 56U);
    for (std::uint16_t port = 0; port < 56; ++port) ASSERT_EQ(put(table, port), port);
    EXPECT_EQ(put(table, 1000), no_flow);
    EXPECT_EQ(put(table, 1001), no_flow);
    EXPECT_EQ(table.size(), 56U);
    for (std::uint16_t port = 0; port < 56; ++port) EXPECT_EQ(put(table, port), port);
}

TEST(flowmeter_table, flows_whose_hashes_collide_are_told_apart) {
    FlowTable<16> table{};
    for (std::uint16_t port = 0; port < 14; ++port)  // from the last slot: the probe wraps around
        EXPECT_EQ(table.find_or_add(key(port), UINT64_MAX, Direction::low_to_high), port);
    for (std::uint16_t port = 0; port < 14; ++port)
        EXPECT_EQ(table.find_or_add(key(port), UINT64_MAX, Direction::low_to_high), port);
    EXPECT_EQ(table.find_or_add(key(99), UINT64_MAX, Direction::low_to_high), no_flow);
}

TEST(flowmeter_table, many_flows_agree_with_a_map) {
    const auto table = std::make_unique<FlowTable<65536>>();
    std::map<std::uint16_t, std::uint32_t> expected;
    for (std::uint32_t i = 0; i < 200'000; ++i) {
        const auto port = static_cast<std::uint16_t>((i * 2654435761U) % 50'000);
        const std::uint32_t next = table->size();
        ASSERT_EQ(put(*table, port), expected.try_emplace(port, next).first->second);
    }
    EXPECT_EQ(table->size(), expected.size());
}

TEST(flowmeter_table, the_source_is_the_sender_of_the_first_frame) {
    FlowTable<8> table{};
    const FlowKey flow = key(7);
    EXPECT_EQ(table.find_or_add(flow, hash_of(flow), Direction::high_to_low), 0U);
    EXPECT_EQ(table.find_or_add(flow, hash_of(flow), Direction::low_to_high), 0U);
    EXPECT_EQ(table.records()[0].source(), flow.high);
    EXPECT_EQ(table.records()[0].destination(), flow.low);
}

TEST(flowmeter_table, a_record_sums_frames_in_capture_order) {
    FlowTable<8> table{};
    const std::uint32_t flow = put(table, 1);
    table.count(flow, 500, 100, 60);
    table.count(flow, 700, 1500, 1400);
    table.count(flow, 600, 60, 0);  // time ran back: the last seen is still the last
    const FlowRecord& record = table.records()[0];
    EXPECT_EQ(record.packets, 3U);
    EXPECT_EQ(record.bytes, 1660U);
    EXPECT_EQ(record.payload_bytes, 1460U);
    EXPECT_EQ(record.first_ns, 500U);
    EXPECT_EQ(record.last_ns, 600U);
}

TEST(flowmeter_table, a_first_frame_at_time_zero_stays_the_first) {
    FlowTable<8> table{};
    const std::uint32_t flow = put(table, 1);
    table.count(flow, 0, 1, 0);
    table.count(flow, 9, 1, 0);
    EXPECT_EQ(table.records()[0].first_ns, 0U);
}

constexpr const char* sha256_of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(flowmeter_digest, a_payload_has_its_sha256) {
    const std::string abc = "abc";
    const std::span bytes{reinterpret_cast<const std::uint8_t*>(abc.data()), abc.size()};
    EXPECT_EQ(hex(digest_of(bytes)),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(digest_of({})), sha256_of_nothing);
}

TEST(flowmeter_digest, a_flow_without_payload_has_the_digest_of_nothing) {
    const auto digests = std::make_unique<FlowDigests<4>>();
    EXPECT_EQ(hex(digests->result(0)), sha256_of_nothing);
    digests->add(1, digest_of({}));
    EXPECT_EQ(hex(digests->result(0)), sha256_of_nothing) << "another flow's payload";
    EXPECT_NE(hex(digests->result(1)), sha256_of_nothing);
}

TEST(flowmeter_digest, a_flow_has_the_digest_of_its_payloads_digests_in_order) {
    const std::array<std::uint8_t, 3> x{1, 2, 3};
    const std::array<std::uint8_t, 2> y{4, 5};
    const auto digests = std::make_unique<FlowDigests<4>>();
    digests->add(2, digest_of(x));
    EXPECT_EQ(digests->result(2), digest_of(digest_of(x).bytes));
    digests->add(2, digest_of(y));  // reading out in between changes nothing
    std::array<std::uint8_t, 64> both{};
    std::copy_n(digest_of(x).bytes.begin(), 32, both.begin());
    std::copy_n(digest_of(y).bytes.begin(), 32, both.begin() + 32);
    EXPECT_EQ(digests->result(2), digest_of(both));
    EXPECT_EQ(digests->result(2), digest_of(both));
    digests->add(3, digest_of(y));
    digests->add(3, digest_of(x));
    EXPECT_FALSE(digests->result(2) == digests->result(3));
}

TEST(flowmeter_totals, merged_totals_are_the_totals_of_all) {
    const FrameHead head{.time_ns = 1, .captured_bytes = 60, .wire_bytes = 90, .link_type = 1};
    Parsed udp{};
    udp.kind = Kind::ipv4;
    udp.transport = Transport::udp;
    udp.payload_bytes = 10;
    Parsed other{};
    other.kind = Kind::ipv6;
    other.transport = Transport::other;
    Totals a;
    a.count(head, udp);
    a.count(head, Parsed{});
    a.flows_untracked = 1;
    Totals b;
    b.count(head, other);
    Totals all = a;
    all += b;
    EXPECT_TRUE(all.consistent());
    EXPECT_EQ(all, (Totals{.packets = 3,
                           .bytes = 270,
                           .ipv4 = 1,
                           .ipv6 = 1,
                           .udp = 1,
                           .other_ip = 1,
                           .malformed = 1,
                           .payload_bytes = 10,
                           .flows_untracked = 1}));
}

TEST(flowmeter_totals, a_lost_or_doubled_count_is_noticed) {
    EXPECT_TRUE(Totals{}.consistent());
    EXPECT_FALSE((Totals{.packets = 1}).consistent());
    EXPECT_FALSE((Totals{.packets = 1, .ipv4 = 1}).consistent());
    EXPECT_FALSE((Totals{.packets = 1, .ipv4 = 1, .tcp = 1, .udp = 1}).consistent());
    EXPECT_TRUE((Totals{.packets = 1, .ipv4 = 1, .tcp = 1}).consistent());
}

}  // namespace
}  // namespace stator::flowmeter
