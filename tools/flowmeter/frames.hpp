// tools/flowmeter/frames.hpp - the memory that captured frames lie in between the caller and the
// hash.
//
// Two stocks a node: most frames fit into 2 KiB; the few larger ones (up to libpcap's limit) would
// waste it. Whoever has hashed a frame's payload gives its memory back.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <stator/core/object_pool.hpp>
#include <stator/core/tables.hpp>

#include "flowmeter/frame.hpp"

namespace stator::flowmeter {

struct SmallFrame {
    std::array<std::uint8_t, 2048> bytes;
};
// Source: MAXIMUM_SNAPLEN in libpcap. What some link types carry beyond it is not IP, and is cut
// off.
struct LargeFrame {
    std::array<std::uint8_t, 262'144> bytes;
};

inline constexpr std::size_t small_frames = 1024;  // 1024 * 2 KiB = 2 MiB
inline constexpr std::size_t large_frames = 16;    // 16 * 256 KiB = 4 MiB

using SmallFrames = NodePool<SmallFrame, small_frames>;
using LargeFrames = NodePool<LargeFrame, large_frames>;

// A frame on its way through the pipeline: what is known of it, and where its bytes are.
struct FrameRef {
    FrameHead head;
    std::uint8_t* bytes;
};

// The two stocks of one node.
class Frames {
public:
    Frames() = default;
    Frames(SmallFrames::Object& small, LargeFrames::Object& large)
        : small_(&small), large_(&large) {}

    // Copies a frame in, and sleeps until there is memory for it. One thread, not a worker.
    [[nodiscard]] FrameRef keep_or_wait(const FrameHead& head, const std::uint8_t* bytes) {
        return copy(head, bytes,
                    is_small(head) ? small_->take_or_wait().bytes.data()
                                   : large_->take_or_wait().bytes.data());
    }
    // Memory for a frame of any size that fits `small`, or nullptr; workers do not wait.
    [[nodiscard]] std::uint8_t* take(bool small) {
        if (small) {
            SmallFrame* frame = small_->take();
            return frame == nullptr ? nullptr : frame->bytes.data();
        }
        LargeFrame* frame = large_->take();
        return frame == nullptr ? nullptr : frame->bytes.data();
    }
    // Gives the memory of a frame back. Any thread.
    void give(std::uint8_t* bytes) {
        if (auto* small = reinterpret_cast<SmallFrame*>(bytes); small_->owns(small))
            small_->give(small);
        else
            large_->give(reinterpret_cast<LargeFrame*>(bytes));
    }

    [[nodiscard]] static bool is_small(const FrameHead& head) {
        return head.captured_bytes <= sizeof(SmallFrame);
    }
    [[nodiscard]] static FrameRef copy(FrameHead head, const std::uint8_t* from, std::uint8_t* to) {
        if (head.captured_bytes > sizeof(LargeFrame)) head.captured_bytes = sizeof(LargeFrame);
        std::memcpy(to, from, head.captured_bytes);
        return {.head = head, .bytes = to};
    }

private:
    SmallFrames::Object* small_ = nullptr;
    LargeFrames::Object* large_ = nullptr;
};

}  // namespace stator::flowmeter
