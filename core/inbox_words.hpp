// core/inbox_words.hpp - the control words of a node's inboxes and of the segments that they share,
// where everybody can see them.
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

inline constexpr std::size_t priorities_max = 64;

// Of one inbox: one priority of a node.
struct InboxWords {
    using Word = sync::atomic<std::uint64_t>;
    static constexpr std::size_t apart = platform::no_sharing_bytes;
    static constexpr std::uint64_t closed_bit = std::uint64_t{1} << 63;

    // Set before anybody else knows the inbox.
    std::uint64_t first_position = 0;
    std::uint64_t slots = 0;  // of a segment
    std::uint64_t priority = 0;
    // { closed : 1 | position : 63 }, the next to reserve. The producers' line.
    alignas(apart) Word tail{0};
    // The next position to claim. The takers' line.
    alignas(apart) Word head{0};
    // The number of the next opening that will be granted. The line of whoever gives segments.
    alignas(apart) Word next_grant{0};
};

// Of a node.
struct StockWords {
    using Word = InboxWords::Word;
    static constexpr std::size_t apart = platform::no_sharing_bytes;

    std::uint64_t segments = 0;  // set before anybody else knows the words
    // Segments that are in the reserve, or granted and not open.
    alignas(apart) Word free{0};
    // Segments that each inbox holds, granted or open.
    std::array<sync::atomic<std::uint32_t>, priorities_max> held{};
    // Segments that have come back after a period, so far. The grace thread's line.
    alignas(apart) Word returned{0};
    // Segments that have been retired, so far; and the most that were retired or cooled at once.
    // The line of whoever retires.
    alignas(apart) Word retired{0};
    Word cooling_high{0};
    // Intrusive tasks that have been accepted, so far.
    alignas(apart) Word linked{0};
    // By threads that are no workers of the scheduler: submissions by the answer they got, tasks
    // that went on to another node as the inbox was full, and workers that they woke.
    alignas(apart) std::array<Word, submit_answers> refused_outside{};
    Word spilled_outside{0};
    Word woken_outside{0};

    // Segments that are retired or cool: an estimate, 0..segments.
    [[nodiscard]] std::uint64_t cooling() const {
        const std::uint64_t gone = retired.load(std::memory_order::relaxed);   // an estimate
        const std::uint64_t back = returned.load(std::memory_order::relaxed);  // an estimate
        return gone > back ? gone - back : 0;
    }
};

}  // namespace stator
