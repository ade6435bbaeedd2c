// tests/flow/edge_bytes.hpp - headers and capture files put together byte by byte, right or wrong.
//
// Only for make_edge_captures. Everything is a std::string of bytes, and every field that a case
// wants to get wrong can be set; checksums are zero, since nothing here reads them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace edge {

inline std::string byte(unsigned value) {
    return std::string(1, static_cast<char>(value & 255));
}
inline std::string big16(unsigned value) {
    return byte(value >> 8) + byte(value);
}
inline std::string big32(std::uint32_t value) {
    return big16(value >> 16) + big16(value & 65535);
}
inline std::string zeros(std::size_t count) {
    return std::string(count, '\0');
}

inline std::string quad(unsigned a, unsigned b, unsigned c, unsigned d) {
    return byte(a) + byte(b) + byte(c) + byte(d);
}

// 2001:db8::LAST
inline std::string six(unsigned last) {
    return big32(0x20010db8) + zeros(10) + big16(last);
}

inline std::string ethernet(unsigned type, const std::string& rest) {
    return std::string("\x02\0\0\0\0\2\x02\0\0\0\0\1", 12) + big16(type) + rest;
}

// What follows the type of a VLAN tag: the tag's four bytes, and what is in it.
inline std::string tagged(unsigned vlan, unsigned type, const std::string& rest) {
    return big16(vlan) + big16(type) + rest;
}

inline std::string udp(unsigned source, unsigned destination, const std::string& payload) {
    return big16(source) + big16(destination) + big16(8 + static_cast<unsigned>(payload.size())) +
           zeros(2) + payload;
}

// words: the data offset, in units of four bytes; `rest` is options and payload.
inline std::string tcp(unsigned source, unsigned destination, const std::string& rest,
                       unsigned words = 5) {
    return big16(source) + big16(destination) + big32(1) + big32(2) + byte(words << 4) +
           byte(0x18) + big16(1024) + zeros(4) + rest;
}

inline std::string sctp(unsigned source, unsigned destination, const std::string& chunks) {
    return big16(source) + big16(destination) + big32(7) + zeros(4) + chunks;
}

struct Ipv4 {
    unsigned protocol = 17;
    std::string rest = {};
    std::string source = quad(192, 0, 2, 1);
    std::string destination = quad(192, 0, 2, 2);
    int length = -1;  // total length; -1: the right one
    int words = -1;   // header length in units of four bytes; -1: the right one
    unsigned version = 4;
    unsigned fragment = 0;  // flags and offset
    std::string options = {};
};

inline std::string ipv4(const Ipv4& ip) {
    const std::size_t header = 20 + ip.options.size();
    const auto words = ip.words < 0 ? static_cast<unsigned>(header / 4) : unsigned(ip.words);
    const auto length =
        ip.length < 0 ? static_cast<unsigned>(header + ip.rest.size()) : unsigned(ip.length);
    return byte(ip.version << 4 | words) + byte(0) + big16(length) + big16(77) +
           big16(ip.fragment) + byte(64) + byte(ip.protocol) + zeros(2) + ip.source +
           ip.destination + ip.options + ip.rest;
}

struct Ipv6 {
    unsigned next = 17;
    std::string rest = {};
    std::string source = six(1);
    std::string destination = six(2);
    int length = -1;  // payload length; -1: the right one
    unsigned version = 6;
};

inline std::string ipv6(const Ipv6& ip) {
    const auto length = ip.length < 0 ? static_cast<unsigned>(ip.rest.size()) : unsigned(ip.length);
    return byte(ip.version << 4) + zeros(3) + big16(length) + byte(ip.next) + byte(64) + ip.source +
           ip.destination + ip.rest;
}

// An IPv6 extension header of `size` bytes whose length byte is `units`.
inline std::string extension(unsigned next, unsigned units, std::size_t size,
                             const std::string& rest) {
    return byte(next) + byte(units) + zeros(size - 2) + rest;
}

inline std::string fragment(unsigned next, unsigned offset_and_more, const std::string& rest) {
    return byte(next) + byte(0) + big16(offset_and_more) + big32(99) + rest;
}

// ---- capture files ----

// Numbers in the byte order of a file.
struct Writer {
    bool big = false;
    std::string u16(unsigned value) const {
        return big ? big16(value) : byte(value) + byte(value >> 8);
    }
    std::string u32(std::uint32_t value) const {
        return big ? big32(value) : u16(value & 65535) + u16(value >> 16);
    }
};

struct Frame {
    std::string data;
    int wire = -1;  // length on the wire; -1: all of it was captured
    std::uint32_t wire_bytes() const {
        return wire < 0 ? static_cast<std::uint32_t>(data.size())
                        : static_cast<std::uint32_t>(wire);
    }
};

struct Classic {
    bool big = false;
    std::uint32_t magic = 0xa1b2c3d4;  // microseconds; 0xa1b23c4d: nanoseconds
    std::uint32_t link = 1;
    std::uint32_t snapshot = 65535;
    std::uint32_t seconds = 1'700'000'000;  // of the first frame; each later one is a second later
    std::uint32_t fraction = 0;
    int step = 1;
};

inline std::string classic(const Classic& file, const std::vector<Frame>& frames) {
    const Writer to{file.big};
    std::string bytes = to.u32(file.magic) + to.u16(2) + to.u16(4) + zeros(8) +
                        to.u32(file.snapshot) + to.u32(file.link);
    std::uint32_t seconds = file.seconds;
    for (const Frame& frame : frames) {
        bytes += to.u32(seconds) + to.u32(file.fraction) +
                 to.u32(static_cast<std::uint32_t>(frame.data.size())) +
                 to.u32(frame.wire_bytes()) + frame.data;
        seconds += static_cast<std::uint32_t>(file.step);
    }
    return bytes;
}

// The blocks of a pcapng file.
struct Blocks {
    Writer to;

    std::string block(std::uint32_t type, std::string body) const {
        body += zeros((4 - body.size() % 4) % 4);
        const std::string length = to.u32(static_cast<std::uint32_t>(body.size() + 12));
        return to.u32(type) + length + body + length;
    }
    std::string section() const {
        return block(0x0a0d0d0a,
                     to.u32(0x1a2b3c4d) + to.u16(1) + to.u16(0) + std::string(8, '\xff'));
    }
    std::string option(unsigned code, const std::string& value) const {
        return to.u16(code) + to.u16(static_cast<unsigned>(value.size())) + value +
               zeros((4 - value.size() % 4) % 4);
    }
    std::string interface(unsigned link, const std::string& options = {},
                          std::uint32_t snapshot = 65535) const {
        return block(1, to.u16(link) + zeros(2) + to.u32(snapshot) + options +
                            (options.empty() ? std::string() : zeros(4)));
    }
    // resolution: the byte of the option if_tsresol
    std::string interface_with_resolution(unsigned resolution) const {
        return interface(1, option(9, byte(resolution)));
    }
    std::string packet(std::uint32_t interface_number, std::uint64_t time,
                       const Frame& frame) const {
        return block(6, to.u32(interface_number) + to.u32(static_cast<std::uint32_t>(time >> 32)) +
                            to.u32(static_cast<std::uint32_t>(time)) +
                            to.u32(static_cast<std::uint32_t>(frame.data.size())) +
                            to.u32(frame.wire_bytes()) + frame.data);
    }
    std::string simple_packet(const Frame& frame) const {
        return block(3, to.u32(frame.wire_bytes()) + frame.data);
    }
    // The block that came before the enhanced packet block; 16 bits of interface, 16 of drops.
    std::string old_packet(unsigned interface_number, std::uint64_t time,
                           const Frame& frame) const {
        return block(2, to.u16(interface_number) + to.u16(0) +
                            to.u32(static_cast<std::uint32_t>(time >> 32)) +
                            to.u32(static_cast<std::uint32_t>(time)) +
                            to.u32(static_cast<std::uint32_t>(frame.data.size())) +
                            to.u32(frame.wire_bytes()) + frame.data);
    }
};

}  // namespace edge
