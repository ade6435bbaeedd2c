// tools/flowmeter/stages.hpp - the flowmeter's stages: rx, parse, flows, hash, export.
//
//   caller or rx -> parse -> flows (one a node, equal flows in the same) -> hash -> export
//
// Frames come together in capture order behind `flows`, so a flow's digest is that of its payloads
// in the order of the capture, however many nodes there are.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <stator/core/stage.hpp>

#include "flowmeter/flow_digest.hpp"
#include "flowmeter/flow_table.hpp"
#include "flowmeter/frames.hpp"
#include "flowmeter/live_capture.hpp"
#include "flowmeter/parse.hpp"
#include "flowmeter/sizes.hpp"
#include "flowmeter/totals.hpp"

namespace stator::flowmeter {

using Flows = FlowTable<flow_slots>;
using Digests = FlowDigests<Flows::capacity>;

// ---- what travels ----

struct Packet {
    FrameRef frame;
    Parsed parsed;
    std::uint64_t hash;  // of the flow's key; 0 where it has no flow
};

struct Counted {
    FrameRef frame;
    std::uint32_t payload_offset;
    std::uint32_t payload_bytes;
    std::uint32_t flow;   // in the table of `shard`, or no_flow
    std::uint32_t shard;  // position among the used nodes
};

struct Digested {
    PayloadDigest digest;
    std::uint32_t flow;
    std::uint32_t shard;
    bool has_payload;
};

// ---- who handles it ----

// Takes frames from an interface. A frame that finds no memory stays in the kernel's ring, which
// counts what it must drop.
struct Rx {
    LiveCapture* capture = nullptr;
    Frames frames;
    std::uint8_t* small = nullptr;  // taken ahead, so that a frame that was read always has a place
    std::uint8_t* large = nullptr;
    std::atomic<bool> has_ended{false};

    [[nodiscard]] int descriptor() const { return capture->descriptor(); }

    Poll operator()(FrameRef& out) {
        if (small == nullptr) small = frames.take(true);
        if (large == nullptr) large = frames.take(false);
        if (small == nullptr || large == nullptr) return Poll::nothing;
        FrameHead head{};
        const std::uint8_t* bytes = nullptr;
        switch (capture->next(head, bytes)) {
            case LiveCapture::Next::nothing:
                return Poll::nothing;
            case LiveCapture::Next::frame:
                break;
            case LiveCapture::Next::ended:
                has_ended.store(true, std::memory_order_release);  // L1: the caller's look
                return Poll::ended;
        }
        std::uint8_t*& place = Frames::is_small(head) ? small : large;
        out = Frames::copy(head, bytes, place);
        place = nullptr;
        return Poll::item;
    }
};

struct Parse {
    Totals totals;

    bool operator()(const FrameRef& in, Packet& out) {
        out.frame = in;
        out.parsed = parse(in.head.link_type, {in.bytes, in.head.captured_bytes});
        out.hash = out.parsed.has_flow() ? hash_of(out.parsed.key) : 0;
        totals.count(in.head, out.parsed);
        return true;
    }
};

// Which lane a packet goes to: the upper half of the hash, as the table places by the lower half.
inline std::uint64_t lane_of(const Packet& packet) {
    return packet.hash >> 32;
}

struct CountFlow {
    Flows* table = nullptr;
    std::uint32_t shard = 0;
    std::uint64_t untracked = 0;

    bool operator()(const Packet& in, Counted& out) {
        out = {.frame = in.frame,
               .payload_offset = in.parsed.payload_offset,
               .payload_bytes = in.parsed.payload_bytes,
               .flow = no_flow,
               .shard = shard};
        if (!in.parsed.has_flow()) return true;
        out.flow = table->find_or_add(in.parsed.key, in.hash, in.parsed.direction);
        if (out.flow == no_flow)
            ++untracked;
        else
            table->count(out.flow, in.frame.head.time_ns, in.frame.head.wire_bytes,
                         in.parsed.payload_bytes);
        return true;
    }
};

struct Hash {
    Frames frames;

    bool operator()(const Counted& in, Digested& out) {
        out.flow = in.flow;
        out.shard = in.shard;
        out.has_payload = in.payload_bytes > 0;
        if (out.has_payload)
            out.digest = digest_of({in.frame.bytes + in.payload_offset, in.payload_bytes});
        frames.give(in.frame.bytes);
        return true;
    }
};

struct Export {
    std::span<Digests* const> digests;  // by shard

    void operator()(const Digested& in) {
        if (in.flow != no_flow && in.has_payload) digests[in.shard]->add(in.flow, in.digest);
    }
};

}  // namespace stator::flowmeter
