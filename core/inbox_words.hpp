// core/inbox_words.hpp - the control words of one inbox, where everybody can see them.
//
// They lie apart from the segments: they are never recycled, and never hidden from the address
// sanitizer. Other processes read them, each word true by itself.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

struct InboxWords {
    using Word = sync::atomic<std::uint64_t>;
    static constexpr std::size_t apart = platform::no_sharing_bytes;

    // Set before anybody else knows the inbox.
    std::uint64_t first_position = 0;
    std::uint64_t segments = 0, slots = 0;
    // { closed : 1 | position : 63 }, the next to reserve. The producers' line.
    alignas(apart) Word tail{0};
    // The next position to claim. The takers' line.
    alignas(apart) Word head{0};
    // The number of the next opening that the grace thread will grant. Its line.
    alignas(apart) Word next_grant{0};
    // Segments that have been retired, so far; and the most that were retired or cooled at once.
    // The line of whoever retires.
    alignas(apart) Word retired{0};
    Word cooling_high{0};
    // Submissions by threads that are no workers of the scheduler, by the answer they got.
    alignas(apart) std::array<Word, submit_answers> refused_outside{};

    static constexpr std::uint64_t closed_bit = std::uint64_t{1} << 63;

    // Segments that have been granted again after a period, where `next` will be granted next.
    [[nodiscard]] std::uint64_t recycled(std::uint64_t next) const {
        return slots == 0 ? 0 : next - first_position / slots - segments;
    }
    // Segments that are retired or cool: an estimate, 0..segments.
    [[nodiscard]] std::uint64_t cooling() const {
        const std::uint64_t gone = retired.load(std::memory_order::relaxed);  // an estimate
        const std::uint64_t back =
            recycled(next_grant.load(std::memory_order::relaxed));  // an estimate
        return gone > back ? gone - back : 0;
    }
};

}  // namespace stator
