// tests/flow/reference.cpp - a second opinion on `stator flow`: the same numbers, the plainest way.
//
// Single-threaded, libpcap for the file, std::map for the table, nettle for SHA-256. It shares no
// code with the flow meter: where the two agree, two readings of the definitions agree.
//
//     flow_reference FILE [--csv OUT]
//     flow_reference flow FILE --json --export OUT    the form of the command it checks
//
// Exit: 0 read whole; 1 the file ends early or breaks off (what was read is reported, with
// truncated true); 2 not a capture, or cannot be done, and nothing is reported; 3 libpcap does not
// support this file (interfaces that differ), so this program has no opinion on it.
#include <arpa/inet.h>
#include <nettle/sha2.h>
#include <pcap/pcap.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

using Bytes = std::span<const std::uint8_t>;

enum class Network { malformed, non_ip, ipv4, ipv6 };

struct Datagram {
    Network network = Network::malformed;
    Bytes bytes;  // from the first byte of the IP header to the end of what was captured
};

struct Endpoint {
    std::string address;  // 4 or 16 bytes, as on the wire
    unsigned port = 0;
    auto operator<=>(const Endpoint&) const = default;
};

// protocol is one of the three transports, or other_ip when there is no flow to count.
constexpr unsigned other_ip = 0;
constexpr unsigned tcp = 6;
constexpr unsigned udp = 17;
constexpr unsigned sctp = 132;

struct Packet {
    Network network = Network::malformed;
    unsigned protocol = other_ip;
    Endpoint source;
    Endpoint destination;
    Bytes payload;
};

// Length first, so that all IPv4 flows sort before all IPv6 flows of the same protocol.
using FlowKey = std::tuple<unsigned, std::size_t, Endpoint, Endpoint>;

struct Flow {
    unsigned protocol = 0;
    Endpoint source;  // of the first packet seen
    Endpoint destination;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t payload_bytes = 0;
    std::int64_t first_ns = 0;  // of the first and the last packet in the file, not the extremes
    std::int64_t last_ns = 0;
    std::string payload_digests;  // 32 bytes for each payload, in capture order
};

struct Totals {
    std::uint64_t packets = 0, bytes = 0, ipv4 = 0, ipv6 = 0, tcp = 0, udp = 0, sctp = 0;
    std::uint64_t other_ip = 0, non_ip = 0, malformed = 0, payload_bytes = 0;
    bool truncated = false;
    std::map<FlowKey, Flow> flows;
};

struct Arguments {
    std::string capture;
    std::string csv;
};

bool read_arguments(std::span<char*> words, Arguments& arguments);
int read_capture(pcap_t* capture, Totals& totals);
void count(Totals& totals, const Packet& packet, std::uint64_t wire_bytes, std::int64_t time_ns);
void print_json(const Totals& totals);
bool write_csv(const Totals& totals, const std::string& path);
Packet parse(int link, Bytes frame);

int main(int argc, char** argv) {
    Arguments arguments;
    if (!read_arguments({argv + 1, static_cast<std::size_t>(argc - 1)}, arguments)) {
        std::fprintf(stderr, "usage: flow_reference FILE [--csv OUT]\n");
        return 2;
    }
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    pcap_t* capture = pcap_open_offline_with_tstamp_precision(
        arguments.capture.c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data());
    if (capture == nullptr) {
        std::fprintf(stderr, "flow_reference: %s: %s\n", arguments.capture.c_str(), error.data());
        return 2;
    }
    Totals totals;
    const int status = read_capture(capture, totals);
    pcap_close(capture);
    if (status == 3) return status;
    print_json(totals);
    if (!arguments.csv.empty() && !write_csv(totals, arguments.csv)) {
        std::fprintf(stderr, "flow_reference: cannot write %s\n", arguments.csv.c_str());
        return 2;
    }
    return status;
}

bool read_arguments(std::span<char*> words, Arguments& arguments) {
    std::size_t at = 0;
    if (words.size() > 1 && std::string(words[0]) == "flow") at = 1;
    for (; at < words.size(); ++at) {
        const std::string word = words[at];
        if (word == "--json") continue;  // there is no other form of output here
        if (word == "--csv" || word == "--export") {
            if (++at == words.size()) return false;
            arguments.csv = words[at];
        } else if (word.starts_with("--") || !arguments.capture.empty()) {
            return false;
        } else {
            arguments.capture = word;
        }
    }
    return !arguments.capture.empty();
}

// Nanoseconds since the epoch. A classic file has 32 unsigned bits of seconds, which libpcap reads
// as signed; the sign is undone here, so that stamps after January 2038 stay after it.
std::int64_t nanoseconds(pcap_t* capture, const timeval& stamp) {
    auto seconds = static_cast<std::uint64_t>(stamp.tv_sec);
    const bool classic_file = pcap_major_version(capture) == 2;  // a pcapng file is version 1
    if (classic_file && stamp.tv_sec < 0) seconds += std::uint64_t{1} << 32;
    const std::uint64_t total = seconds * 1'000'000'000 + static_cast<std::uint64_t>(stamp.tv_usec);
    return static_cast<std::int64_t>(total);
}

int read_capture(pcap_t* capture, Totals& totals) {
    const int link = pcap_datalink(capture);
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    int got = 0;
    while ((got = pcap_next_ex(capture, &header, &data)) == 1) {
        count(totals, parse(link, Bytes(data, header->caplen)), header->len,
              nanoseconds(capture, header->ts));
    }
    if (got == PCAP_ERROR_BREAK) return 0;  // which is how libpcap says end of file
    const std::string reason = pcap_geterr(capture);
    std::fprintf(stderr, "flow_reference: after packet %llu: %s\n",
                 static_cast<unsigned long long>(totals.packets), reason.c_str());
    // libpcap refuses files it could not present with one link type, one snapshot length and one
    // byte order. Such a file is not damaged: there is only no second opinion on it.
    if (reason.find("different") != std::string::npos) return 3;
    // Everything else that stops the reading (a cut tail, a length that cannot be) is reported as
    // truncated: what came before is good, what comes after cannot be found.
    totals.truncated = true;
    return 1;
}

std::string sha256(Bytes bytes) {
    sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, bytes.size(), bytes.data());
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    sha256_digest(&state, digest.size(), digest.data());
    return std::string(digest.begin(), digest.end());
}

std::string sha256(const std::string& text) {
    return sha256(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void count_flow(Totals& totals, const Packet& packet, std::uint64_t wire_bytes,
                std::int64_t time_ns) {
    const bool forward = packet.source <= packet.destination;
    const FlowKey key(packet.protocol, packet.source.address.size(),
                      forward ? packet.source : packet.destination,
                      forward ? packet.destination : packet.source);
    auto [place, is_new] = totals.flows.try_emplace(key);
    Flow& flow = place->second;
    if (is_new) {
        flow.protocol = packet.protocol;
        flow.source = packet.source;
        flow.destination = packet.destination;
        flow.first_ns = time_ns;
    }
    flow.last_ns = time_ns;
    flow.packets += 1;
    flow.bytes += wire_bytes;
    flow.payload_bytes += packet.payload.size();
    totals.payload_bytes += packet.payload.size();
    if (!packet.payload.empty()) flow.payload_digests += sha256(packet.payload);
}

void count(Totals& totals, const Packet& packet, std::uint64_t wire_bytes, std::int64_t time_ns) {
    totals.packets += 1;
    totals.bytes += wire_bytes;
    switch (packet.network) {
        case Network::malformed:
            totals.malformed += 1;
            return;
        case Network::non_ip:
            totals.non_ip += 1;
            return;
        case Network::ipv4:
            totals.ipv4 += 1;
            break;
        case Network::ipv6:
            totals.ipv6 += 1;
            break;
    }
    switch (packet.protocol) {
        case tcp:
            totals.tcp += 1;
            break;
        case udp:
            totals.udp += 1;
            break;
        case sctp:
            totals.sctp += 1;
            break;
        default:
            totals.other_ip += 1;
            return;
    }
    count_flow(totals, packet, wire_bytes, time_ns);
}

void print_json(const Totals& totals) {
    const std::vector<std::pair<const char*, std::uint64_t>> numbers = {
        {"packets", totals.packets},
        {"bytes", totals.bytes},
        {"flows", totals.flows.size()},
        {"ipv4", totals.ipv4},
        {"ipv6", totals.ipv6},
        {"tcp", totals.tcp},
        {"udp", totals.udp},
        {"sctp", totals.sctp},
        {"other_ip", totals.other_ip},
        {"non_ip", totals.non_ip},
        {"malformed", totals.malformed},
        {"payload_bytes", totals.payload_bytes}};
    std::printf("{\n");
    for (const auto& [name, number] : numbers) {
        std::printf("  \"%s\": %llu,\n", name, static_cast<unsigned long long>(number));
    }
    std::printf("  \"truncated\": %s\n}\n", totals.truncated ? "true" : "false");
}

std::string address_text(const std::string& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text.data(), text.size());
    return text.data();
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
        text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

std::string csv_row(const Flow& flow) {
    const char* protocol = flow.protocol == tcp ? "tcp" : flow.protocol == udp ? "udp" : "sctp";
    return address_text(flow.source.address) + ',' + std::to_string(flow.source.port) + ',' +
           address_text(flow.destination.address) + ',' + std::to_string(flow.destination.port) +
           ',' + protocol + ',' + std::to_string(flow.packets) + ',' + std::to_string(flow.bytes) +
           ',' + std::to_string(flow.payload_bytes) + ',' + std::to_string(flow.first_ns) + ',' +
           std::to_string(flow.last_ns) + ',' + hex(sha256(flow.payload_digests)) + '\n';
}

bool write_csv(const Totals& totals, const std::string& path) {
    // The table is ordered by the lower endpoint, the file by the source, hence a second map.
    std::map<FlowKey, std::string> rows;
    for (const auto& [key, flow] : totals.flows) {
        rows[FlowKey(flow.protocol, flow.source.address.size(), flow.source, flow.destination)] =
            csv_row(flow);
    }
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return false;
    std::fputs("src,sport,dst,dport,proto,packets,bytes,payload_bytes,first_ns,last_ns,digest\n",
               file);
    for (const auto& [key, row] : rows) std::fputs(row.c_str(), file);
    const bool failed = std::ferror(file) != 0;
    return std::fclose(file) == 0 && !failed;
}

unsigned big16(Bytes bytes, std::size_t at) {
    return bytes[at] * 256u + bytes[at + 1];
}

std::string text(Bytes bytes) {
    return std::string(bytes.begin(), bytes.end());
}

// What follows an EtherType. Any number of VLAN tags is walked through.
Datagram after_ethertype(unsigned type, Bytes rest) {
    while (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
        if (rest.size() < 4) return {Network::malformed, {}};  // the tag is cut short
        type = big16(rest, 2);
        rest = rest.subspan(4);
    }
    if (type == 0x0800) return {Network::ipv4, rest};
    if (type == 0x86dd) return {Network::ipv6, rest};
    // ARP, PPPoE (0x8863, 0x8864), MPLS (0x8847, 0x8848) and all else; below 1536 it is an 802.3
    // length, and LLC or SNAP follows, which is not looked into even if it carries IP.
    return {Network::non_ip, {}};
}

// DLT_NULL has the family in the byte order of the machine that captured, DLT_LOOP in network
// order. Either order is accepted for both: a family read in the wrong order means nothing else.
Datagram after_family(Bytes frame) {
    if (frame.size() < 4) return {Network::malformed, {}};
    const Bytes rest = frame.subspan(4);
    const unsigned big = big16(frame, 0) * 65536u + big16(frame, 2);
    const unsigned little = frame[3] * 16777216u + frame[2] * 65536u + frame[1] * 256u + frame[0];
    for (const unsigned family : {big, little}) {
        if (family == 2) return {Network::ipv4, rest};
        // AF_INET6 of Linux, of NetBSD and OpenBSD, of FreeBSD, of macOS.
        if (family == 10 || family == 24 || family == 28 || family == 30) {
            return {Network::ipv6, rest};
        }
    }
    return {Network::non_ip, {}};
}

// RFC 1661 and 1662: address and control (ff 03) may be left out, and so may the first byte of the
// protocol, because a whole protocol number is even in its first byte and odd in its second.
Datagram after_ppp(Bytes frame) {
    if (frame.size() >= 2 && frame[0] == 0xff && frame[1] == 0x03) frame = frame.subspan(2);
    if (frame.empty()) return {Network::malformed, {}};
    unsigned protocol = frame[0];
    std::size_t header = 1;
    if (protocol % 2 == 0) {
        if (frame.size() < 2) return {Network::malformed, {}};
        protocol = big16(frame, 0);
        header = 2;
    }
    if (protocol == 0x0021) return {Network::ipv4, frame.subspan(header)};
    if (protocol == 0x0057) return {Network::ipv6, frame.subspan(header)};
    return {Network::non_ip, {}};
}

// Raw IP: the version is the only thing that tells. One that is neither 4 nor 6 is an IP header
// that cannot be parsed, since the link promised IP.
Datagram after_nothing(Bytes frame) {
    if (frame.empty()) return {Network::malformed, {}};
    if (frame[0] >> 4 == 4) return {Network::ipv4, frame};
    if (frame[0] >> 4 == 6) return {Network::ipv6, frame};
    return {Network::malformed, {}};
}

// A link with a header of fixed length that holds an EtherType.
Datagram after_header(Bytes frame, std::size_t header_bytes, std::size_t type_at) {
    if (frame.size() < header_bytes) return {Network::malformed, {}};
    return after_ethertype(big16(frame, type_at), frame.subspan(header_bytes));
}

Datagram after_link(int link, Bytes frame) {
    switch (link) {
        case DLT_EN10MB:
            return after_header(frame, 14, 12);
        case DLT_LINUX_SLL:
            return after_header(frame, 16, 14);
        case DLT_LINUX_SLL2:
            return after_header(frame, 20, 0);
        case DLT_NULL:
        case DLT_LOOP:
            return after_family(frame);
        case DLT_PPP:
        case DLT_PPP_SERIAL:
            return after_ppp(frame);
        case DLT_RAW:
            return after_nothing(frame);
        case DLT_IPV4:
            return {Network::ipv4, frame};
        case DLT_IPV6:
            return {Network::ipv6, frame};
        // Not a link we read: no frame of it is called malformed, not even an empty one.
        default:
            return {Network::non_ip, {}};
    }
}

// Fills in ports and payload from the transport header at the start of `bytes`, which ends with
// the IP length or with the capture. A header that does not fit leaves the packet as other_ip.
void parse_transport(Packet& packet, unsigned protocol, Bytes bytes) {
    std::size_t header = 0;
    if (protocol == udp) {
        header = 8;  // the UDP length field is not consulted: the IP length rules
    } else if (protocol == sctp) {
        header = 12;  // the common header; the chunks are payload, with their headers
    } else if (protocol == tcp && bytes.size() >= 20) {
        header = std::size_t{4} * (bytes[12] >> 4);
        if (header < 20) return;
    } else {
        return;
    }
    if (bytes.size() < header) return;
    packet.protocol = protocol;
    packet.source.port = big16(bytes, 0);
    packet.destination.port = big16(bytes, 2);
    packet.payload = bytes.subspan(header);
}

// A later fragment belongs to its protocol and has neither ports nor payload.
void parse_later_fragment(Packet& packet, unsigned protocol) {
    if (protocol == tcp || protocol == udp || protocol == sctp) packet.protocol = protocol;
}

Packet parse_ipv4(Bytes bytes) {
    Packet packet;
    if (bytes.size() < 20 || bytes[0] >> 4 != 4) return packet;
    const std::size_t header = std::size_t{4} * (bytes[0] & 15);
    if (header < 20 || header > bytes.size()) return packet;
    std::size_t length = big16(bytes, 2);
    // Zero is what segmentation offload leaves in the field: all that was captured is the datagram.
    if (length == 0) length = bytes.size();
    if (length < header) return packet;
    if (length < bytes.size()) bytes = bytes.first(length);  // what follows is link padding

    packet.network = Network::ipv4;
    packet.source.address = text(bytes.subspan(12, 4));
    packet.destination.address = text(bytes.subspan(16, 4));
    // Protocol 51 (AH) is other_ip here: only IPv6 has extension headers.
    const bool is_later_fragment = (big16(bytes, 6) & 0x1fff) != 0;
    if (is_later_fragment) {
        parse_later_fragment(packet, bytes[9]);
    } else {
        parse_transport(packet, bytes[9], bytes.subspan(header));
    }
    return packet;
}

// Bytes in the IPv6 extension header at the start of `rest`, or 0 when `next` is not one.
// `rest` has at least two bytes.
std::size_t extension_bytes(unsigned next, Bytes rest) {
    switch (next) {
        case 44:
            return 8;  // fragment
        case 51:
            return (rest[1] + std::size_t{2}) * 4;  // authentication
        case 0:                                     // hop-by-hop options
        case 43:                                    // routing
        case 60:                                    // destination options
        case 135:                                   // mobility
        case 139:                                   // host identity
        case 140:
            return (rest[1] + std::size_t{1}) * 8;  // shim6
        default:
            return 0;
    }
}

bool is_extension(unsigned next) {
    const std::array<std::uint8_t, 2> any{};
    return extension_bytes(next, any) != 0;
}

Packet parse_ipv6(Bytes bytes) {
    Packet packet;
    if (bytes.size() < 40 || bytes[0] >> 4 != 6) return packet;
    packet.network = Network::ipv6;
    packet.source.address = text(bytes.subspan(8, 16));
    packet.destination.address = text(bytes.subspan(24, 16));

    // Zero is a jumbogram or segmentation offload; all that was captured is the datagram. It is so
    // for every next header, 59 included: nothing is taken from such a packet anyway.
    const std::size_t length = big16(bytes, 4);
    Bytes rest = bytes.subspan(40);
    if (length != 0 && length < rest.size()) rest = rest.first(length);

    unsigned next = bytes[6];
    while (is_extension(next)) {
        // A chain that runs out of bytes is other_ip: the outermost header was in order. The order
        // and the number of the extension headers are not judged.
        if (rest.size() < 2 || rest.size() < extension_bytes(next, rest)) return packet;
        const std::size_t header = extension_bytes(next, rest);
        const bool is_later_fragment = next == 44 && (big16(rest, 2) & 0xfff8) != 0;
        next = rest[0];
        if (is_later_fragment) {
            parse_later_fragment(packet, next);  // another extension header: other_ip
            return packet;
        }
        rest = rest.subspan(header);
    }
    parse_transport(packet, next, rest);
    return packet;
}

Packet parse(int link, Bytes frame) {
    const Datagram datagram = after_link(link, frame);
    if (datagram.network == Network::ipv4) return parse_ipv4(datagram.bytes);
    if (datagram.network == Network::ipv6) return parse_ipv6(datagram.bytes);
    Packet packet;
    packet.network = datagram.network;
    return packet;
}
