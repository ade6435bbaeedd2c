// tools/flowmeter/stages.hpp - the flowmeter's stages: rx, parse, flows, hash, export.
//
//   caller or rx -> parse -> flows (one a node, equal flows in the same) -> hash -> export
//
// Frames come together in capture order behind `flows`. `hash` makes a task of each payload, which
// any worker of the pool may run; `export` waits for the digest of the frame that is next in that
// order. So a flow's digest is that of its payloads in the order of the capture, however many nodes
// and workers there are.
//
// Edges      J1  a task releases done -> export acquires it : the digest
//            L1  rx releases has_ended -> the caller acquires it : how the capture ended
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <stator/core/stage.hpp>
#include <stator/core/task.hpp>
#include <stator/core/wait_word.hpp>

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

// A payload that a task digests. The bytes lie in a frame, which the task gives back.
struct HashJob {
    std::uint8_t* frame = nullptr;
    std::uint32_t payload_offset = 0;
    std::uint32_t payload_bytes = 0;
    PayloadDigest digest{};
    std::atomic<bool> done{false};
};

struct Digested {
    HashJob* job;  // nullptr: the frame has no payload
    std::uint32_t flow;
    std::uint32_t shard;
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

// What every hashing task needs besides its job.
struct HashContext {
    Frames frames;
    Waker exporter;  // whose stage waits for the digests
};

struct HashTask {
    HashJob* job;
    HashContext* context;

    void operator()() noexcept {
        job->digest = digest_of({job->frame + job->payload_offset, job->payload_bytes});
        context->frames.give(job->frame);
        const Waker exporter = context->exporter;
        job->done.store(true, std::memory_order::release);  // J1
        exporter.wake();
    }
};

// Digested frames between `hash` and `export`.
inline constexpr std::size_t digested_slots = 256;

// Submits a task for each payload. Where the pool refuses one, the stage digests the payload
// itself: nothing is lost, and the refusal is counted by the pool.
struct Hash {
    // A job is used again after two rings' worth of others: no one can be waiting for it then.
    std::array<HashJob, 2 * digested_slots> jobs{};
    std::uint64_t next = 0;
    HashContext context;
    void* pool = nullptr;
    Submit (*submit)(void* pool, const HashTask& task) = nullptr;

    bool operator()(const Counted& in, Digested& out) {
        out = {.job = nullptr, .flow = in.flow, .shard = in.shard};
        if (in.payload_bytes == 0) {
            context.frames.give(in.frame.bytes);
            return true;
        }
        HashJob& job = jobs[next++ % jobs.size()];
        job.frame = in.frame.bytes;
        job.payload_offset = in.payload_offset;
        job.payload_bytes = in.payload_bytes;
        job.done.store(false, std::memory_order::relaxed);  // travels with the submission
        out.job = &job;
        HashTask task{.job = &job, .context = &context};
        if (submit(pool, task) != Submit::accepted) task();
        return true;
    }
};

struct Export {
    std::span<Digests* const> digests;  // by shard

    bool ready(const Digested& in) const {
        return in.job == nullptr || in.job->done.load(std::memory_order::acquire);  // J1
    }
    void operator()(const Digested& in) {
        if (in.flow != no_flow && in.job != nullptr)
            digests[in.shard]->add(in.flow, in.job->digest);
    }
};

}  // namespace stator::flowmeter
