// tools/flowmeter/frame.hpp - what is known of a frame besides its bytes.
#pragma once
#include <cstdint>

namespace stator::flowmeter {

// Trivial, so it can travel at the front of a frame in a ring.
struct FrameHead {
    std::uint64_t time_ns;         // since the epoch, as the capture says
    std::uint32_t captured_bytes;  // that can be read
    std::uint32_t wire_bytes;      // that were on the wire; may be more than were captured
    int link_type;                 // libpcap's DLT_ number; see link_type.hpp
};

}  // namespace stator::flowmeter
