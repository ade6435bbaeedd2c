// tests/flow/make_edge_captures.cpp - small captures of everything that is rare, with the truth.
//
//     make_edge_captures DIRECTORY
//
// Writes NAME.pcap or NAME.pcapng and, beside each, NAME.pcap.expect: what `stator flow` and the
// reference must say of it, as JSON. The numbers are written by hand in the tables below, from the
// definitions and not from any program; check_edges compares. Prints the names of the captures.
//
// In FILE.expect: `refused` true means that the command must end with a non-zero status;
// `rows`, when there, are the lines of the CSV without its header; `may_refuse` true marks files
// that libpcap does not support: a command that cannot read one must end with a non-zero status.
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "edge_bytes.hpp"

using namespace edge;

struct Expect {
    unsigned packets = 0, bytes = 0, flows = 0, ipv4 = 0, ipv6 = 0, tcp = 0, udp = 0, sctp = 0;
    unsigned other_ip = 0, non_ip = 0, malformed = 0, payload_bytes = 0;
    bool truncated = false, refused = false, may_refuse = false;
    bool any_payload = false;  // the definitions do not settle it
    std::vector<std::string> rows = {};
};

struct Case {
    std::string name;
    std::string file;
    Expect expect;
};

using Cases = std::vector<Case>;

void add_classic_containers(Cases& cases);
void add_pcapng_containers(Cases& cases);
void add_pcapng_times(Cases& cases);
void add_mixed_pcapng(Cases& cases);
void add_links(Cases& cases);
void add_point_to_point_links(Cases& cases);
void add_ethernet(Cases& cases);
void add_ipv4(Cases& cases);
void add_broken_ipv4(Cases& cases);
void add_ipv6(Cases& cases);
void add_extension_headers(Cases& cases);
void add_fragments(Cases& cases);
void add_transports(Cases& cases);
void add_cut_transports(Cases& cases);
void add_flows(Cases& cases);
void add_damaged_classic(Cases& cases);
void add_damaged_pcapng(Cases& cases);
std::string json(const Expect& expect);

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_edge_captures DIRECTORY\n");
        return 2;
    }
    Cases cases;
    for (const auto add :
         {add_classic_containers, add_pcapng_containers, add_pcapng_times, add_mixed_pcapng,
          add_links, add_point_to_point_links, add_ethernet, add_ipv4, add_broken_ipv4, add_ipv6,
          add_extension_headers, add_fragments, add_transports, add_cut_transports, add_flows,
          add_damaged_classic, add_damaged_pcapng}) {
        add(cases);
    }
    for (const Case& one : cases) {
        const std::string path = std::string(argv[1]) + "/" + one.name;
        std::ofstream capture(path, std::ios::binary);
        capture << one.file;
        std::ofstream truth(path + ".expect");
        truth << json(one.expect);
        if (!capture.flush() || !truth.flush()) {
            std::fprintf(stderr, "make_edge_captures: cannot write %s\n", path.c_str());
            return 1;
        }
        std::printf("%s\n", one.name.c_str());
    }
    return 0;
}

std::string json(const Expect& expect) {
    if (expect.refused) return "{\"refused\": true}\n";
    const auto number = [](const char* name, unsigned value) {
        return "\"" + std::string(name) + "\": " + std::to_string(value) + ", ";
    };
    const auto truth = [](bool value) { return std::string(value ? "true" : "false"); };
    std::string text = "{" + number("packets", expect.packets) + number("bytes", expect.bytes) +
                       number("flows", expect.flows) + number("ipv4", expect.ipv4) +
                       number("ipv6", expect.ipv6) + number("tcp", expect.tcp) +
                       number("udp", expect.udp) + number("sctp", expect.sctp) +
                       number("other_ip", expect.other_ip) + number("non_ip", expect.non_ip) +
                       number("malformed", expect.malformed) +
                       (expect.any_payload ? "" : number("payload_bytes", expect.payload_bytes)) +
                       "\"truncated\": " + truth(expect.truncated) +
                       ", \"may_refuse\": " + truth(expect.may_refuse);
    if (!expect.rows.empty()) {
        text += ", \"rows\": [";
        for (const std::string& row : expect.rows) {
            text += (&row == &expect.rows.front() ? "\n\"" : ",\n\"") + row + "\"";
        }
        text += "]";
    }
    return text + "}\n";
}

// ---- the frames most cases are made of ----

// IPv4 20 + UDP 8 + 5 = 33 bytes, in Ethernet 14 + 33 = 47; IPv6 40 + 13 = 53, in Ethernet 67.
const std::string hello = udp(1000, 53, "hello");
const std::string hello4 = ipv4({.rest = hello});
const std::string hello6 = ipv6({.rest = hello});

// The answer, 14 + 20 + 8 + 6 = 48 bytes.
const std::string question = ethernet(0x0800, hello4);
const std::string answer = ethernet(0x0800, ipv4({.rest = udp(53, 1000, "world!"),
                                                  .source = quad(192, 0, 2, 2),
                                                  .destination = quad(192, 0, 2, 1)}));

// SHA-256 over the 32-byte SHA-256 of each payload; made with sha256sum(1):
//   for p in hello world!; do printf %s $p | sha256sum | xxd -r -p; done | sha256sum
const std::string digest_none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string digest_hello = "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50";
const std::string digest_both = "e049483c1962447f39846bb182235ad072f9034632463e8fa16aec22aabc2a7c";

// The expectation for question and answer, one second apart: 47 + 48 = 95 bytes, 5 + 6 = 11.
Expect exchange(const std::string& first_ns, const std::string& last_ns) {
    return {.packets = 2,
            .bytes = 95,
            .flows = 1,
            .ipv4 = 2,
            .udp = 2,
            .payload_bytes = 11,
            .rows = {"192.0.2.1,1000,192.0.2.2,53,udp,2,95,11," + first_ns + "," + last_ns + "," +
                     digest_both}};
}

// Expectations for `count` frames of `bytes` bytes in all, each of which is ...
Expect hellos4(unsigned count, unsigned bytes) {
    return {.packets = count,
            .bytes = bytes,
            .flows = 1,
            .ipv4 = count,
            .udp = count,
            .payload_bytes = 5 * count};
}
Expect hellos6(unsigned count, unsigned bytes) {
    return {.packets = count,
            .bytes = bytes,
            .flows = 1,
            .ipv6 = count,
            .udp = count,
            .payload_bytes = 5 * count};
}
Expect malformed(unsigned count, unsigned bytes) {
    return {.packets = count, .bytes = bytes, .malformed = count};
}
Expect not_ip(unsigned count, unsigned bytes) {
    return {.packets = count, .bytes = bytes, .non_ip = count};
}
Expect other4(unsigned count, unsigned bytes) {
    return {.packets = count, .bytes = bytes, .ipv4 = count, .other_ip = count};
}
Expect other6(unsigned count, unsigned bytes) {
    return {.packets = count, .bytes = bytes, .ipv6 = count, .other_ip = count};
}

std::string on_ethernet(const std::vector<Frame>& frames) {
    return classic({}, frames);
}

std::string on_link(std::uint32_t link, const std::vector<Frame>& frames) {
    return classic({.link = link}, frames);
}

std::string in_ipv4(const Ipv4& ip) {
    return on_ethernet({{ethernet(0x0800, ipv4(ip))}});
}
std::string in_ipv6(const Ipv6& ip) {
    return on_ethernet({{ethernet(0x86dd, ipv6(ip))}});
}

// ---- the cases ----

void add_classic_containers(Cases& cases) {
    const std::vector<Frame> both = {{question}, {answer}};
    const std::uint32_t nano = 0xa1b23c4d;
    const Expect micro_truth = exchange("1700000000123456000", "1700000001123456000");
    const Expect nano_truth = exchange("1700000000123456789", "1700000001123456789");
    cases.push_back(
        {"file-little-endian-microseconds.pcap", classic({.fraction = 123456}, both), micro_truth});
    cases.push_back({"file-big-endian-microseconds.pcap",
                     classic({.big = true, .fraction = 123456}, both), micro_truth});
    cases.push_back({"file-little-endian-nanoseconds.pcap",
                     classic({.magic = nano, .fraction = 123456789}, both), nano_truth});
    cases.push_back({"file-big-endian-nanoseconds.pcap",
                     classic({.big = true, .magic = nano, .fraction = 123456789}, both),
                     nano_truth});
    cases.push_back({"file-year-2040-seconds-are-unsigned.pcap",
                     classic({.seconds = 2'208'988'800}, both),
                     exchange("2208988800000000000", "2208988801000000000")});
    cases.push_back({"file-time-goes-backwards.pcap", classic({.step = -1}, both),
                     exchange("1700000000000000000", "1699999999000000000")});
    cases.push_back({"file-snapshot-length-zero.pcap", classic({.snapshot = 0}, both),
                     exchange("1700000000000000000", "1700000001000000000")});
    // The upper bits of the link word: bit 26, a frame check sequence follows each frame, and in
    // bits 28 to 31 its length in 16-bit words. The four bytes are after the IP length.
    cases.push_back({"file-link-word-with-frame-check-length.pcap",
                     on_link(0x24000001, {{question + "FCS!"}}), hellos4(1, 51)});
    // Some programs write more than they announced. libpcap cuts such a frame to the announced
    // length, Wireshark does not: 2 or 5 bytes of payload, and either is accepted.
    Expect beyond = hellos4(1, 47);
    beyond.any_payload = true;
    cases.push_back({"file-frame-longer-than-snapshot-length.pcap",
                     classic({.snapshot = 44}, {{question}}), beyond});
    cases.push_back({"file-without-packets.pcap", classic({}, {}), {}});
    cases.push_back({"file-captured-more-than-the-wire-had.pcap", on_ethernet({{question, 10}}),
                     hellos4(1, 10)});
}

void add_pcapng_containers(Cases& cases) {
    const std::uint64_t time = 1'700'000'000'123'456;
    const Expect truth = exchange("1700000000123456000", "1700000001123456000");
    const Blocks little{{false}};
    const auto packets = [&](const Blocks& blocks) {
        return blocks.packet(0, time, {question}) + blocks.packet(0, time + 1'000'000, {answer});
    };
    for (const bool big : {false, true}) {
        const Blocks blocks{{big}};
        cases.push_back({big ? "ng-big-endian.pcapng" : "ng-little-endian.pcapng",
                         blocks.section() + blocks.interface(1) + packets(blocks), truth});
    }
    cases.push_back({"ng-unknown-blocks-between.pcapng",
                     little.section() + little.block(0x0bad, "before") + little.interface(1) +
                         little.block(4, zeros(4)) + packets(little) + little.block(5, zeros(12)) +
                         little.block(0x40000bad, "after"),
                     truth});
    cases.push_back({"ng-old-packet-blocks.pcapng",
                     little.section() + little.interface(1) +
                         little.old_packet(0, time, {question}) +
                         little.old_packet(0, time + 1'000'000, {answer}),
                     truth});
    // A simple packet block has no time; its captured length follows from the block's.
    cases.push_back({"ng-simple-packet-blocks.pcapng",
                     little.section() + little.interface(1) + little.simple_packet({question}) +
                         little.simple_packet({answer}),
                     exchange("0", "0")});
    cases.push_back(
        {"ng-simple-packet-cut-by-snapshot-length.pcapng",
         little.section() + little.interface(1, {}, 44) +
             little.simple_packet({question.substr(0, 44), 47}),
         {.packets = 1, .bytes = 47, .flows = 1, .ipv4 = 1, .udp = 1, .payload_bytes = 2}});
    cases.push_back({"ng-two-sections.pcapng",
                     little.section() + little.interface(1) + little.packet(0, time, {question}) +
                         little.section() + little.interface(1) +
                         little.packet(0, time + 1'000'000, {answer}),
                     truth});
    cases.push_back(
        {"ng-interface-without-packets.pcapng", little.section() + little.interface(1), {}});
}

void add_pcapng_times(Cases& cases) {
    const Blocks blocks{{false}};
    struct Time {
        const char* name;
        unsigned resolution;
        std::uint64_t time, second;
        const char* first_ns;
        const char* last_ns;
    };
    const std::vector<Time> times = {
        {"seconds", 0, 1'700'000'000, 1, "1700000000000000000", "1700000001000000000"},
        {"milliseconds", 3, 1'700'000'000'123, 1000, "1700000000123000000", "1700000001123000000"},
        {"nanoseconds", 9, 1'700'000'000'123'456'789, 1'000'000'000, "1700000000123456789",
         "1700000001123456789"},
        // Finer than a nanosecond is cut, not rounded.
        {"picoseconds", 12, 5'123'456'789'999, 1'000'000'000'000, "5123456789", "6123456789"},
        // 333 / 1024 s = 325195312.5 ns, cut.
        {"2-to-the-10", 0x8a, 1'700'000'000ull * 1024 + 333, 1024, "1700000000325195312",
         "1700000001325195312"}};
    for (const Time& one : times) {
        cases.push_back({std::string("ng-resolution-") + one.name + ".pcapng",
                         blocks.section() + blocks.interface_with_resolution(one.resolution) +
                             blocks.packet(0, one.time, {question}) +
                             blocks.packet(0, one.time + one.second, {answer}),
                         exchange(one.first_ns, one.last_ns)});
    }
    // if_tsoffset, option 14: seconds to add. 1000 = 0x3e8, and the file is little-endian.
    const std::string offset = std::string("\xe8\x03\0\0\0\0\0\0", 8);
    cases.push_back({"ng-time-offset.pcapng",
                     blocks.section() + blocks.interface(1, blocks.option(14, offset)) +
                         blocks.packet(0, 1'000'000, {question}) +
                         blocks.packet(0, 2'000'000, {answer}),
                     exchange("1001000000000", "1002000000000")});
    cases.push_back({"ng-two-interfaces-two-resolutions.pcapng",
                     blocks.section() + blocks.interface(1) + blocks.interface_with_resolution(9) +
                         blocks.packet(0, 1'000'000, {question}) +
                         blocks.packet(1, 2'000'000'000, {answer}),
                     exchange("1000000000", "2000000000")});
}

// Files that libpcap does not support as a whole, but which are good by the standard.
void add_mixed_pcapng(Cases& cases) {
    const Blocks little{{false}};
    const Blocks big{{true}};
    Expect truth = exchange("1000000000", "2000000000");
    truth.may_refuse = true;
    cases.push_back({"ng-two-sections-two-byte-orders.pcapng",
                     little.section() + little.interface(1) +
                         little.packet(0, 1'000'000, {question}) + big.section() +
                         big.interface(1) + big.packet(0, 2'000'000, {answer}),
                     truth});
    cases.push_back({"ng-two-interfaces-two-snapshot-lengths.pcapng",
                     little.section() + little.interface(1) + little.interface(1, {}, 1000) +
                         little.packet(0, 1'000'000, {question}) +
                         little.packet(1, 2'000'000, {answer}),
                     truth});
    // More than was announced: libpcap stops here, where it would cut the frame in a classic file.
    Expect beyond = hellos4(1, 47);
    beyond.may_refuse = beyond.any_payload = true;
    cases.push_back(
        {"ng-frame-longer-than-snapshot-length.pcapng",
         little.section() + little.interface(1, {}, 44) + little.packet(0, 1'000'000, {question}),
         beyond});
    // 47 bytes in Ethernet, and 33 without
    Expect two_links = hellos4(2, 80);
    two_links.may_refuse = true;
    cases.push_back({"ng-two-interfaces-two-links.pcapng",
                     little.section() + little.interface(1) + little.interface(101) +
                         little.packet(0, 1'000'000, {question}) +
                         little.packet(1, 2'000'000, {hello4}),
                     two_links});
}

void add_links(Cases& cases) {
    const Expect mixed4and6 = {.packets = 2,
                               .bytes = 86,
                               .flows = 2,
                               .ipv4 = 1,
                               .ipv6 = 1,
                               .udp = 2,
                               .payload_bytes = 10};  // 33 + 53
    cases.push_back({"link-raw.pcap", on_link(101, {{hello4}, {hello6}}), mixed4and6});
    // 12 is DLT_RAW on Linux, and some programs write it to files.
    cases.push_back({"link-raw-written-as-12.pcap", on_link(12, {{hello4}, {hello6}}), mixed4and6});
    cases.push_back({"link-raw-version-5-and-empty.pcap",
                     on_link(101, {{byte(0x55) + zeros(40)}, {""}}), malformed(2, 41)});
    cases.push_back({"link-ipv4.pcap", on_link(228, {{hello4}}), hellos4(1, 33)});
    cases.push_back({"link-ipv4-with-ipv6-in-it.pcap", on_link(228, {{hello6}}), malformed(1, 53)});
    cases.push_back({"link-ipv6.pcap", on_link(229, {{hello6}}), hellos6(1, 53)});
    cases.push_back(
        {"link-ipv6-with-ipv4-in-it.pcap", on_link(229, {{hello4 + zeros(40)}}), malformed(1, 73)});

    // Linux cooked: 14 bytes and the type; version 2: the type and 18 bytes.
    const auto cooked = [](unsigned type, const std::string& rest) {
        return zeros(14) + big16(type) + rest;
    };
    const auto cooked2 = [](unsigned type, const std::string& rest) {
        return big16(type) + zeros(18) + rest;
    };
    cases.push_back({"link-cooked.pcap", on_link(113, {{cooked(0x0800, hello4)}}), hellos4(1, 49)});
    cases.push_back(
        {"link-cooked-ipv6.pcap", on_link(113, {{cooked(0x86dd, hello6)}}), hellos6(1, 69)});
    cases.push_back({"link-cooked-vlan.pcap",
                     on_link(113, {{cooked(0x8100, tagged(5, 0x0800, hello4))}}), hellos4(1, 53)});
    cases.push_back({"link-cooked-arp-and-llc.pcap",
                     on_link(113, {{cooked(0x0806, zeros(28))}, {cooked(4, zeros(28))}}),
                     not_ip(2, 88)});
    cases.push_back({"link-cooked-cut.pcap", on_link(113, {{zeros(15)}}), malformed(1, 15)});
    cases.push_back(
        {"link-cooked2.pcap", on_link(276, {{cooked2(0x0800, hello4)}}), hellos4(1, 53)});
    cases.push_back(
        {"link-cooked2-ipv6.pcap", on_link(276, {{cooked2(0x86dd, hello6)}}), hellos6(1, 73)});
    cases.push_back({"link-cooked2-cut.pcap", on_link(276, {{cooked2(0x0800, "").substr(0, 19)}}),
                     malformed(1, 19)});
    // 147 is for private use. Whatever is in the frames, even nothing, they are non_ip.
    cases.push_back({"link-unknown.pcap", on_link(147, {{question}, {""}}), not_ip(2, 47)});
}

void add_point_to_point_links(Cases& cases) {
    const Writer little{false};
    cases.push_back({"link-null-ipv4-both-orders.pcap",
                     on_link(0, {{little.u32(2) + hello4}, {big32(2) + hello4}}),
                     hellos4(2, 74)});  // 4 + 33 each
    // 10 Linux, 24 NetBSD and OpenBSD, 28 FreeBSD, 30 macOS: 8 * (4 + 53)
    std::vector<Frame> families;
    for (const unsigned family : {10u, 24u, 28u, 30u}) {
        families.push_back({little.u32(family) + hello6});
        families.push_back({big32(family) + hello6});
    }
    cases.push_back({"link-null-ipv6-all-families.pcap", on_link(0, families), hellos6(8, 456)});
    cases.push_back(
        {"link-null-other-family.pcap", on_link(0, {{little.u32(99) + hello4}}), not_ip(1, 37)});
    cases.push_back({"link-null-cut.pcap", on_link(0, {{zeros(3)}, {""}}), malformed(2, 3)});
    cases.push_back({"link-null-version-is-not-the-familys.pcap",
                     on_link(0, {{little.u32(2) + hello6}}), malformed(1, 57)});
    cases.push_back({"link-loop.pcap", on_link(108, {{big32(2) + hello4}}), hellos4(1, 37)});
    cases.push_back({"link-loop-ipv6.pcap", on_link(108, {{big32(24) + hello6}}), hellos6(1, 57)});

    const std::string control = "\xff\x03";
    const std::vector<Frame> ppp4 = {{control + big16(0x21) + hello4},
                                     {big16(0x21) + hello4},
                                     {control + byte(0x21) + hello4},
                                     {byte(0x21) + hello4}};
    const std::vector<Frame> ppp6 = {{control + big16(0x57) + hello6},
                                     {big16(0x57) + hello6},
                                     {control + byte(0x57) + hello6},
                                     {byte(0x57) + hello6}};
    for (const unsigned link : {9u, 50u}) {
        const std::string name = link == 9 ? "link-ppp" : "link-ppp-serial";
        // 4 * 33 + 4 + 2 + 3 + 1 = 142; 4 * 53 + 10 = 222
        cases.push_back({name + "-ipv4-all-forms.pcap", on_link(link, ppp4), hellos4(4, 142)});
        cases.push_back({name + "-ipv6-all-forms.pcap", on_link(link, ppp6), hellos6(4, 222)});
    }
    // Link control, the control protocol of IPv4, and a compressed protocol number: 8 + 8 + 5.
    cases.push_back({"link-ppp-not-ip.pcap",
                     on_link(9, {{control + big16(0xc021) + zeros(4)},
                                 {control + big16(0x8021) + zeros(4)},
                                 {byte(0x2d) + zeros(4)}}),
                     not_ip(3, 21)});
    cases.push_back(
        {"link-ppp-cut.pcap", on_link(9, {{""}, {control}, {control + byte(0)}}), malformed(3, 5)});
}

void add_ethernet(Cases& cases) {
    const auto one = [&](const char* name, const std::string& frame, const Expect& expect) {
        cases.push_back(
            {std::string("ethernet-") + name + ".pcap", on_ethernet({{frame}}), expect});
    };
    one("ipv6", ethernet(0x86dd, hello6), hellos6(1, 67));
    one("vlan", ethernet(0x8100, tagged(5, 0x0800, hello4)), hellos4(1, 51));
    one("qinq", ethernet(0x88a8, tagged(5, 0x8100, tagged(6, 0x86dd, hello6))), hellos6(1, 75));
    one("qinq-9100", ethernet(0x9100, tagged(5, 0x8100, tagged(6, 0x0800, hello4))),
        hellos4(1, 55));
    std::string deep = tagged(1, 0x0800, hello4);  // and nine more tags: 47 + 10 * 4
    for (unsigned vlan = 2; vlan <= 10; ++vlan) deep = tagged(vlan, 0x8100, deep);
    one("ten-vlan-tags", ethernet(0x8100, deep), hellos4(1, 87));
    one("vlan-cut", ethernet(0x8100, zeros(3)), malformed(1, 17));
    one("vlan-second-tag-cut", ethernet(0x88a8, tagged(5, 0x8100, zeros(2))), malformed(1, 20));
    one("vlan-length-inside", ethernet(0x8100, tagged(5, 46, zeros(46))), not_ip(1, 64));
    one("vlan-arp", ethernet(0x8100, tagged(5, 0x0806, zeros(28))), not_ip(1, 46));
    one("arp", ethernet(0x0806, zeros(28)), not_ip(1, 42));
    one("length-field-llc", ethernet(38, "\x42\x42\x03" + zeros(43)), not_ip(1, 60));
    // SNAP says IPv4, and it is not looked into: 14 + 8 + 33
    one("snap-with-ipv4", ethernet(41, std::string("\xaa\xaa\x03\0\0\0\x08\0", 8) + hello4),
        not_ip(1, 55));
    one("type-1535", ethernet(1535, hello4), not_ip(1, 47));
    one("pppoe", ethernet(0x8864, std::string("\x11\0\0\1\0\x23\0\x21", 8) + hello4),
        not_ip(1, 55));
    one("mpls", ethernet(0x8847, std::string("\0\1\1\x40", 4) + hello4), not_ip(1, 51));
    one("no-captured-bytes", "", malformed(1, 0));
    one("cut-at-13", question.substr(0, 13), malformed(1, 13));
    one("nothing-after-type-ipv4", ethernet(0x0800, ""), malformed(1, 14));
    one("nothing-after-type-ipv6", ethernet(0x86dd, ""), malformed(1, 14));
    one("nothing-after-type-arp", ethernet(0x0806, ""), not_ip(1, 14));
    one("padding-after-ip", question + zeros(13), hellos4(1, 60));
    one("padding-after-ipv6", ethernet(0x86dd, hello6) + zeros(9), hellos6(1, 76));
    // Nothing was captured of a frame of 1500 bytes: the wire bytes still count.
    cases.push_back({"ethernet-all-cut-by-snapshot-length.pcap", on_ethernet({{"", 1500}}),
                     malformed(1, 1500)});
}

void add_ipv4(Cases& cases) {
    const auto one = [&](const char* name, const Ipv4& ip, const Expect& expect) {
        cases.push_back({std::string("ipv4-") + name + ".pcap", in_ipv4(ip), expect});
    };
    one("options", {.rest = hello, .options = std::string("\x94\x04\0\0\1\1\1\0", 8)},
        hellos4(1, 55));
    one("options-40-bytes", {.rest = hello, .options = std::string(40, '\1')}, hellos4(1, 87));
    one("total-length-zero-of-offload", {.rest = hello, .length = 0}, hellos4(1, 47));
    // Without a length the padding cannot be told from payload: 5 + 13.
    cases.push_back(
        {"ipv4-total-length-zero-and-padding.pcap",
         on_ethernet({{ethernet(0x0800, ipv4({.rest = hello, .length = 0})) + zeros(13)}}),
         {.packets = 1, .bytes = 60, .flows = 1, .ipv4 = 1, .udp = 1, .payload_bytes = 18}});
    one("total-length-beyond-the-frame", {.rest = hello, .length = 1400}, hellos4(1, 47));
    // The snapshot length left 3 of 1372 payload bytes: 45 captured, 14 + 1400 on the wire.
    cases.push_back(
        {"ipv4-payload-cut-by-snapshot-length.pcap",
         on_ethernet(
             {{ethernet(0x0800, ipv4({.rest = hello, .length = 1400})).substr(0, 45), 1414}}),
         {.packets = 1, .bytes = 1414, .flows = 1, .ipv4 = 1, .udp = 1, .payload_bytes = 3}});
    one("icmp", {.protocol = 1, .rest = zeros(8)}, other4(1, 42));
    // The error quotes the header of a datagram; its ports are not this packet's.
    one("icmp-error-quotes-udp", {.protocol = 1, .rest = byte(3) + byte(3) + zeros(6) + hello4},
        other4(1, 75));
    one("6in4-tunnel", {.protocol = 41, .rest = hello6}, other4(1, 87));
    one("ip-in-ip-tunnel", {.protocol = 4, .rest = hello4}, other4(1, 67));
    one("gre-tunnel", {.protocol = 47, .rest = big16(0) + big16(0x0800) + hello4}, other4(1, 71));
    // Only IPv6 has extension headers to walk through.
    one("authentication-header", {.protocol = 51, .rest = extension(17, 4, 24, hello)},
        other4(1, 71));
    one("protocol-0", {.protocol = 0, .rest = hello}, other4(1, 47));
    one("udp-lite", {.protocol = 136, .rest = hello}, other4(1, 47));
    one("header-only-tcp", {.protocol = 6}, other4(1, 34));
}

void add_broken_ipv4(Cases& cases) {
    const auto one = [&](const char* name, const Ipv4& ip, const Expect& expect) {
        cases.push_back({std::string("ipv4-") + name + ".pcap", in_ipv4(ip), expect});
    };
    one("version-6", {.rest = hello, .version = 6}, malformed(1, 47));
    one("header-length-4-words", {.rest = hello, .words = 4}, malformed(1, 47));
    one("header-length-0-words", {.rest = hello, .words = 0}, malformed(1, 47));
    // 15 words = 60 bytes, and 33 are there
    one("header-longer-than-captured", {.rest = hello, .words = 15}, malformed(1, 47));
    one("total-length-19", {.rest = hello, .length = 19}, malformed(1, 47));
    one("total-length-in-the-options",
        {.rest = hello, .length = 24, .options = std::string(8, '\1')}, malformed(1, 55));
    // 20 + 7: the UDP header is there and is not the datagram's.
    one("total-length-in-the-udp-header", {.rest = hello, .length = 27}, other4(1, 47));
    one("total-length-is-the-header", {.rest = hello, .length = 20}, other4(1, 47));
    cases.push_back({"ipv4-header-cut-at-19.pcap", on_ethernet({{question.substr(0, 33), 47}}),
                     malformed(1, 47)});
    cases.push_back(
        {"ipv4-header-cut-in-the-options.pcap",
         on_ethernet({{ethernet(0x0800, ipv4({.rest = hello, .options = std::string(8, '\1')}))
                           .substr(0, 41),
                       55}}),
         malformed(1, 55)});
    cases.push_back({"ipv4-type-with-ipv6-in-it.pcap", on_ethernet({{ethernet(0x0800, hello6)}}),
                     malformed(1, 67)});
}

void add_ipv6(Cases& cases) {
    const auto one = [&](const char* name, const Ipv6& ip, const Expect& expect) {
        cases.push_back({std::string("ipv6-") + name + ".pcap", in_ipv6(ip), expect});
    };
    one("payload-length-zero", {.rest = hello, .length = 0}, hellos6(1, 67));
    // A jumbogram: hop-by-hop with the option c2 of four bytes. 54 + 8 + 13
    one("jumbogram",
        {.next = 0, .rest = byte(17) + byte(0) + "\xc2\x04" + big32(21) + hello, .length = 0},
        hellos6(1, 75));
    one("payload-length-beyond-the-frame", {.rest = hello, .length = 1400}, hellos6(1, 67));
    one("payload-length-in-the-udp-header", {.rest = hello, .length = 7}, other6(1, 67));
    one("version-4", {.rest = hello, .version = 4}, malformed(1, 67));
    one("icmp", {.next = 58, .rest = zeros(8)}, other6(1, 62));
    one("no-next-header", {.next = 59, .rest = hello}, other6(1, 67));
    one("no-next-header-and-payload-length-zero", {.next = 59, .rest = hello, .length = 0},
        other6(1, 67));
    one("encapsulating-security-payload", {.next = 50, .rest = hello}, other6(1, 67));
    one("4in6-tunnel", {.next = 4, .rest = hello4}, other6(1, 87));
    cases.push_back({"ipv6-header-cut-at-39.pcap",
                     on_ethernet({{ethernet(0x86dd, hello6).substr(0, 53), 67}}),
                     malformed(1, 67)});
    cases.push_back({"ipv6-type-with-ipv4-in-it.pcap",
                     on_ethernet({{ethernet(0x86dd, hello4 + zeros(40))}}), malformed(1, 87)});
    cases.push_back(
        {"ipv6-payload-cut-by-snapshot-length.pcap",
         on_ethernet({{ethernet(0x86dd, hello6).substr(0, 64), 67}}),
         {.packets = 1, .bytes = 67, .flows = 1, .ipv6 = 1, .udp = 1, .payload_bytes = 2}});
}

void add_extension_headers(Cases& cases) {
    const auto one = [&](const std::string& name, const Ipv6& ip, const Expect& expect) {
        cases.push_back({"ipv6-" + name + ".pcap", in_ipv6(ip), expect});
    };
    // Each with one extension header of 24 bytes, whose length counts units of 8 after the first:
    // 54 + 24 + 13 = 91.
    struct Header {
        unsigned number;
        const char* name;
    };
    for (const Header& header :
         {Header{0, "hop-by-hop"}, Header{43, "routing"}, Header{60, "destination-options"},
          Header{135, "mobility"}, Header{139, "host-identity"}, Header{140, "shim6"}}) {
        one(header.name, {.next = header.number, .rest = extension(17, 2, 24, hello)},
            hellos6(1, 91));
    }
    // Authentication counts units of 4 after the second: 4 -> 24 bytes.
    one("authentication", {.next = 51, .rest = extension(17, 4, 24, hello)}, hellos6(1, 91));

    // All of RFC 8200's, in its order, 8 bytes each but authentication's 12; then TCP:
    // 54 + 5 * 8 + 12 + 20 + 5 = 131
    const std::string transport = tcp(1000, 80, "hello");
    const std::string chain = extension(
        60, 0, 8,
        extension(43, 0, 8,
                  extension(44, 0, 8,
                            fragment(51, 0, extension(60, 1, 12, extension(6, 0, 8, transport))))));
    one("all-extension-headers-and-tcp", {.next = 0, .rest = chain},
        {.packets = 1, .bytes = 131, .flows = 1, .ipv6 = 1, .tcp = 1, .payload_bytes = 5});

    std::string long_chain = hello;  // 100 * 8 + 54 + 13
    for (int i = 0; i < 100; ++i) long_chain = extension(i == 0 ? 17 : 60, 0, 8, long_chain);
    one("hundred-extension-headers", {.next = 60, .rest = long_chain}, hellos6(1, 867));

    one("extension-header-of-one-byte", {.next = 60, .rest = zeros(1)}, other6(1, 55));
    one("extension-header-not-there", {.next = 60}, other6(1, 54));
    one("extension-header-longer-than-captured", {.next = 0, .rest = extension(17, 9, 8, hello)},
        other6(1, 75));
    // All 8 + 13 bytes are captured, the payload length ends in the extension header.
    one("extension-header-longer-than-payload-length",
        {.next = 60, .rest = extension(17, 0, 8, hello), .length = 7}, other6(1, 75));
    one("extension-header-ends-the-packet", {.next = 60, .rest = extension(17, 0, 8, "")},
        other6(1, 62));
    one("extension-header-then-no-next-header", {.next = 60, .rest = extension(59, 0, 8, hello)},
        other6(1, 75));
    one("fragment-header-cut-at-7", {.next = 44, .rest = fragment(17, 0, "").substr(0, 7)},
        other6(1, 61));
}

void add_fragments(Cases& cases) {
    const auto over4 = [&](const char* name, const Ipv4& ip, const Expect& expect) {
        cases.push_back({std::string("fragment-ipv4-") + name + ".pcap", in_ipv4(ip), expect});
    };
    const auto over6 = [&](const char* name, const std::string& rest, const Expect& expect) {
        cases.push_back({std::string("fragment-ipv6-") + name + ".pcap",
                         in_ipv6({.next = 44, .rest = rest}), expect});
    };
    const std::string row4 = "192.0.2.1,0,192.0.2.2,0,";
    const std::string once = ",1700000000000000000,1700000000000000000,";
    // 0x2000: more fragments follow; the offset is in units of 8 bytes.
    over4("first", {.rest = hello, .fragment = 0x2000}, hellos4(1, 47));
    over4("later-udp", {.rest = "the rest", .fragment = 2},
          {.packets = 1,
           .bytes = 42,
           .flows = 1,
           .ipv4 = 1,
           .udp = 1,
           .rows = {row4 + "udp,1,42,0" + once + digest_none}});
    over4("later-tcp", {.protocol = 6, .rest = "the rest", .fragment = 0x2001},
          {.packets = 1,
           .bytes = 42,
           .flows = 1,
           .ipv4 = 1,
           .tcp = 1,
           .rows = {row4 + "tcp,1,42,0" + once + digest_none}});
    over4("later-sctp-and-empty", {.protocol = 132, .fragment = 2},
          {.packets = 1,
           .bytes = 34,
           .flows = 1,
           .ipv4 = 1,
           .sctp = 1,
           .rows = {row4 + "sctp,1,34,0" + once + digest_none}});
    over4("later-icmp", {.protocol = 1, .rest = "the rest", .fragment = 2}, other4(1, 42));
    over4("first-with-half-a-udp-header", {.rest = hello.substr(0, 4), .fragment = 0x2000},
          other4(1, 38));
    // 0x4000, do not fragment, and 0x8000, which must be zero, are no offset.
    over4("other-flags", {.rest = hello, .fragment = 0xc000}, hellos4(1, 47));

    // The first fragment and the two later ones: two flows, since the later have no ports.
    // 47 + 42 + 42 = 131
    cases.push_back(
        {"fragment-ipv4-all-of-one-datagram.pcap",
         on_ethernet({{ethernet(0x0800, ipv4({.rest = hello, .fragment = 0x2000}))},
                      {ethernet(0x0800, ipv4({.rest = "the rest", .fragment = 0x2002}))},
                      {ethernet(0x0800, ipv4({.rest = "the rest", .fragment = 3}))}}),
         {.packets = 3,
          .bytes = 131,
          .flows = 2,
          .ipv4 = 3,
          .udp = 3,
          .payload_bytes = 5,
          .rows = {row4 + "udp,2,84,0,1700000001000000000,1700000002000000000," + digest_none,
                   "192.0.2.1,1000,192.0.2.2,53,udp,1,47,5" + once + digest_hello}}});

    // The low three bits: two reserved, and more fragments follow. 54 + 8 + 13 = 75
    over6("atomic", fragment(17, 0, hello), hellos6(1, 75));
    over6("first", fragment(17, 1, hello), hellos6(1, 75));
    over6("reserved-bits", fragment(17, 6, hello), hellos6(1, 75));
    over6("later-udp", fragment(17, 16, "the rest"),
          {.packets = 1,
           .bytes = 70,
           .flows = 1,
           .ipv6 = 1,
           .udp = 1,
           .rows = {"2001:db8::1,0,2001:db8::2,0,udp,1,70,0" + once + digest_none}});
    over6("later-with-extension-header", fragment(60, 16, extension(17, 0, 8, hello)),
          other6(1, 83));
    over6("later-icmp", fragment(58, 16, "the rest"), other6(1, 70));
}

void add_transports(Cases& cases) {
    const auto one = [&](const char* name, const Ipv4& ip, const Expect& expect) {
        cases.push_back({std::string("transport-") + name + ".pcap", in_ipv4(ip), expect});
    };
    const auto tcp4 = [](unsigned bytes, unsigned payload_bytes) {
        return Expect{.packets = 1,
                      .bytes = bytes,
                      .flows = 1,
                      .ipv4 = 1,
                      .tcp = 1,
                      .payload_bytes = payload_bytes};
    };
    const auto udp4 = [](unsigned bytes, unsigned payload_bytes) {
        return Expect{.packets = 1,
                      .bytes = bytes,
                      .flows = 1,
                      .ipv4 = 1,
                      .udp = 1,
                      .payload_bytes = payload_bytes};
    };
    one("tcp", {.protocol = 6, .rest = tcp(1000, 80, "hello")}, tcp4(59, 5));
    one("tcp-no-payload", {.protocol = 6, .rest = tcp(1000, 80, "")}, tcp4(54, 0));
    one("tcp-options", {.protocol = 6, .rest = tcp(1000, 80, zeros(12) + "hello", 8)}, tcp4(71, 5));
    one("tcp-options-40-bytes", {.protocol = 6, .rest = tcp(1000, 80, zeros(40) + "hello", 15)},
        tcp4(99, 5));
    one("udp-no-payload", {.rest = udp(1000, 53, "")}, udp4(42, 0));
    // The UDP length field is not consulted, whether it says less, more or nothing.
    one("udp-length-says-less", {.rest = big16(1000) + big16(53) + big16(10) + zeros(2) + "hello"},
        udp4(47, 5));
    one("udp-length-says-more", {.rest = big16(1000) + big16(53) + big16(99) + zeros(2) + "hello"},
        udp4(47, 5));
    one("udp-length-zero", {.rest = big16(1000) + big16(53) + zeros(4) + "hello"}, udp4(47, 5));
    one("udp-port-zero", {.rest = udp(0, 0, "hello")}, udp4(47, 5));
    // A DATA chunk with 4 bytes of user data: its 16 byte header counts as payload.
    one("sctp",
        {.protocol = 132,
         .rest = sctp(5000, 5001, std::string("\0\3\0\x14", 4) + zeros(12) + "data")},
        {.packets = 1, .bytes = 66, .flows = 1, .ipv4 = 1, .sctp = 1, .payload_bytes = 20});
    one("sctp-no-chunks", {.protocol = 132, .rest = sctp(5000, 5001, "")},
        {.packets = 1, .bytes = 46, .flows = 1, .ipv4 = 1, .sctp = 1});
    cases.push_back(
        {"transport-sctp-over-ipv6.pcap",
         in_ipv6({.next = 132, .rest = sctp(5000, 5001, "hello")}),
         {.packets = 1, .bytes = 71, .flows = 1, .ipv6 = 1, .sctp = 1, .payload_bytes = 5}});
}

void add_cut_transports(Cases& cases) {
    const auto one = [&](const char* name, const Ipv4& ip, const Expect& expect) {
        cases.push_back({std::string("transport-") + name + ".pcap", in_ipv4(ip), expect});
    };
    one("tcp-cut-at-19", {.protocol = 6, .rest = tcp(1000, 80, "").substr(0, 19)}, other4(1, 53));
    one("tcp-data-offset-4", {.protocol = 6, .rest = tcp(1000, 80, "hello", 4)}, other4(1, 59));
    one("tcp-data-offset-0", {.protocol = 6, .rest = tcp(1000, 80, "hello", 0)}, other4(1, 59));
    one("tcp-data-offset-beyond-the-packet", {.protocol = 6, .rest = tcp(1000, 80, "hello", 7)},
        other4(1, 59));
    // The options are captured, and the IP length ends in them: 20 + 24.
    one("tcp-options-beyond-the-ip-length",
        {.protocol = 6, .rest = tcp(1000, 80, zeros(8) + "hello", 7), .length = 44}, other4(1, 67));
    one("udp-cut-at-7", {.rest = hello.substr(0, 7)}, other4(1, 41));
    one("udp-not-there", {}, other4(1, 34));
    one("sctp-cut-at-11", {.protocol = 132, .rest = sctp(1, 2, "").substr(0, 11)}, other4(1, 45));
    // 14 + 20 + 30 of 14 + 20 + 32 + 5 bytes: the options are cut by the snapshot length.
    cases.push_back(
        {"transport-tcp-options-cut-by-snapshot-length.pcap",
         on_ethernet({{ethernet(0x0800, ipv4({.protocol = 6,
                                              .rest = tcp(1000, 80, zeros(12) + "hello", 8)}))
                           .substr(0, 64),
                       71}}),
         other4(1, 71)});
    cases.push_back({"transport-udp-over-ipv6-cut-at-7.pcap", in_ipv6({.rest = hello.substr(0, 7)}),
                     other6(1, 61)});
}

void add_flows(Cases& cases) {
    const std::string once = ",1700000000000000000,1700000000000000000,";
    const auto send = [](const std::string& source, const std::string& destination,
                         unsigned protocol, const std::string& rest) {
        return Frame{ethernet(0x0800, ipv4({.protocol = protocol,
                                            .rest = rest,
                                            .source = source,
                                            .destination = destination}))};
    };
    const std::string a = quad(9, 0, 0, 1), b = quad(10, 0, 0, 1), c = quad(200, 0, 0, 1);
    // ::ffff:9.0.0.1 and ::ffff:10.0.0.1 are not 9.0.0.1 and 10.0.0.1.
    const std::string mapped = zeros(10) + "\xff\xff";
    const Frame mapped_frame{ethernet(
        0x86dd, ipv6({.rest = udp(9, 53, ""), .source = mapped + a, .destination = mapped + b}))};
    // Each frame is 14 + 20 + 8 = 42 bytes for UDP, 54 for TCP, 46 for SCTP, 62 for UDP over IPv6;
    // all at the same second.
    const auto row = [&](const std::string& ends, unsigned bytes) {
        return ends + ",1," + std::to_string(bytes) + ",0" + once + digest_none;
    };
    cases.push_back(
        {"flow-row-order.pcap",
         classic({.step = 0},
                 {send(c, a, 17, udp(9, 53, "")), mapped_frame, send(a, b, 132, sctp(9, 53, "")),
                  send(a, b, 17, udp(256, 53, "")), send(a, b, 17, udp(10, 53, "")),
                  send(a, c, 17, udp(10, 53, "")), send(b, a, 17, udp(9, 54, "")),
                  send(a, b, 17, udp(10, 52, "")), send(c, a, 6, tcp(9, 53, ""))}),
         {.packets = 9,
          .bytes = 414,
          .flows = 9,
          .ipv4 = 8,
          .ipv6 = 1,
          .tcp = 1,
          .udp = 7,
          .sctp = 1,
          .rows = {row("200.0.0.1,9,9.0.0.1,53,tcp", 54), row("9.0.0.1,10,10.0.0.1,52,udp", 42),
                   row("9.0.0.1,10,10.0.0.1,53,udp", 42), row("9.0.0.1,10,200.0.0.1,53,udp", 42),
                   row("9.0.0.1,256,10.0.0.1,53,udp", 42), row("10.0.0.1,9,9.0.0.1,54,udp", 42),
                   row("200.0.0.1,9,9.0.0.1,53,udp", 42),
                   row("::ffff:9.0.0.1,9,::ffff:10.0.0.1,53,udp", 62),
                   row("9.0.0.1,9,10.0.0.1,53,sctp", 46)}}});
    // The higher endpoint speaks first and stays the source.
    Expect reversed = exchange("", "");
    reversed.rows = {
        "192.0.2.2,53,192.0.2.1,1000,udp,2,95,11,1700000000000000000,"
        "1700000001000000000,"
        "4a7c4200ab5216089c716068ce0551df70d6f4e6c7f25c4d80b86d0c20f809d8"};
    cases.push_back(
        {"flow-answer-before-question.pcap", on_ethernet({{answer}, {question}}), reversed});
    // Addresses and ports are pairs: 9.0.0.1:5 - 10.0.0.1:7 is not 9.0.0.1:7 - 10.0.0.1:5.
    cases.push_back({"flow-crossed-ports-are-two-flows.pcap",
                     on_ethernet({send(a, b, 17, udp(5, 7, "")), send(a, b, 17, udp(7, 5, "")),
                                  send(b, a, 17, udp(7, 5, "")), send(b, a, 17, udp(5, 7, ""))}),
                     {.packets = 4, .bytes = 168, .flows = 2, .ipv4 = 4, .udp = 4}});
    cases.push_back(
        {"flow-to-itself.pcap",
         on_ethernet({send(a, a, 17, udp(5, 5, "hello")), send(a, a, 17, udp(5, 6, "hello")),
                      send(a, a, 17, udp(6, 5, "hello"))}),
         {.packets = 3, .bytes = 141, .flows = 2, .ipv4 = 3, .udp = 3, .payload_bytes = 15}});
    // One conversation on two VLANs and on none is one flow: 47 + 51 + 51.
    cases.push_back({"flow-vlan-is-not-part-of-it.pcap",
                     on_ethernet({{question},
                                  {ethernet(0x8100, tagged(5, 0x0800, hello4))},
                                  {ethernet(0x8100, tagged(6, 0x0800, hello4))}}),
                     hellos4(3, 149)});
    cases.push_back({"flow-tcp-and-udp-on-the-same-ports.pcap",
                     on_ethernet({send(a, b, 17, udp(5, 7, "")), send(a, b, 6, tcp(5, 7, ""))}),
                     {.packets = 2, .bytes = 96, .flows = 2, .ipv4 = 2, .tcp = 1, .udp = 1}});
}

void add_damaged_classic(Cases& cases) {
    const std::string good = on_ethernet({{question}, {answer}});
    const std::size_t first_end = 24 + 16 + 47;
    Expect first_only = hellos4(1, 47);
    first_only.truncated = true;
    first_only.rows = {
        "192.0.2.1,1000,192.0.2.2,53,udp,1,47,5,1700000000000000000,"
        "1700000000000000000," +
        digest_hello};
    const auto cut = [&](const char* name, std::size_t at, const Expect& expect) {
        cases.push_back({std::string("damaged-") + name + ".pcap", good.substr(0, at), expect});
    };
    cut("cut-in-packet-header", first_end + 7, first_only);
    cut("cut-after-packet-header", first_end + 16, first_only);
    cut("cut-in-packet-body", first_end + 16 + 47, first_only);
    cut("cut-in-first-packet", 24 + 16 + 10, {.truncated = true});
    cut("cut-in-file-header", 10, {.refused = true});
    cut("cut-in-magic", 3, {.refused = true});
    cut("empty", 0, {.refused = true});
    cases.push_back({"damaged-not-a-capture.pcap",
                     "This file has a name that ends in .pcap, and nothing else of one.\n",
                     {.refused = true}});
    cases.push_back({"damaged-unknown-version.pcap",
                     good.substr(0, 4) + std::string("\x07\0\0\0", 4) + good.substr(8),
                     {.refused = true}});
    // A captured length of 2^31 - 1: where the next packet starts cannot be known.
    cases.push_back({"damaged-absurd-captured-length.pcap",
                     good.substr(0, first_end + 8) + std::string("\xff\xff\xff\x7f", 4) +
                         good.substr(first_end + 12),
                     first_only});
}

void add_damaged_pcapng(Cases& cases) {
    const Blocks blocks{{false}};
    const std::string start = blocks.section() + blocks.interface(1) +
                              blocks.packet(0, 1'700'000'000'000'000, {question});
    const std::string second = blocks.packet(0, 1'700'000'001'000'000, {answer});
    Expect first_only = hellos4(1, 47);
    first_only.truncated = true;
    const auto after_first = [&](const char* name, const std::string& rest) {
        cases.push_back({std::string("damaged-") + name + ".pcapng", start + rest, first_only});
    };
    after_first("cut-in-block-header", second.substr(0, 4));
    after_first("cut-in-block-body", second.substr(0, 40));
    after_first("cut-before-block-trailer", second.substr(0, second.size() - 4));
    after_first("unknown-interface", blocks.packet(5, 0, {answer}));
    after_first("block-lengths-disagree",
                second.substr(0, second.size() - 4) + std::string("\x10\0\0\0", 4) + second);
    // A length of 8 does not even hold the block's own header and trailer.
    after_first("block-length-8", second.substr(0, 4) + std::string("\x08\0\0\0", 4) + second);
    // The captured length in the packet block is more than the block has.
    after_first("captured-length-beyond-the-block",
                second.substr(0, 20) + std::string("\xff\0\0\0", 4) + second.substr(24));
    cases.push_back(
        {"damaged-cut-in-section-header.pcapng", start.substr(0, 15), {.refused = true}});
    // libpcap wants one whole interface before it opens a file; another reader may find no packets.
    cases.push_back({"damaged-cut-in-interface-block.pcapng",
                     (blocks.section() + blocks.interface(1)).substr(0, 40),
                     {.truncated = true, .may_refuse = true}});
    cases.push_back({"ng-section-and-nothing-else.pcapng", blocks.section(), {.may_refuse = true}});
    cases.push_back({"damaged-unknown-byte-order-magic.pcapng",
                     start.substr(0, 8) + "\x11\x22\x33\x44" + start.substr(12),
                     {.refused = true}});
}
