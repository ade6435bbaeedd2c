// core/grants.hpp - which segment the next openings of one inbox will use.
//
//    entries_[n % segments] = { opening number : 48 | open : 1 | segment : 15 }
//
// A free segment is given to an inbox by giving it the number of a coming opening. So opening a
// segment needs no choice: it is open when the position of the inbox's tail has reached its first
// slot (core/inbox.hpp), and no producer ever holds the next segment in its hand. Whoever has
// reserved that slot says so in the entry, where takers see it without touching the tail.
//
// There are at most `segments` openings between the oldest one with a slot that is not claimed and
// the newest that is granted, so an entry is not overwritten while somebody may need it.
//
// Progress   granted: wait-free. give: lock-free; whoever comes second completes the first's step.
// Threads    all: any.
// Edges      G1  give releases an entry -> granted acquires it : a period has passed since the last
//                use of the segment, and what was done to it since
//            G9  open releases an entry -> opened acquires it : the segment may be touched
//            G5  give releases next_ -> give acquires it        : the entries before are written
// Source     DESIGN D4; the helping step of M. Michael, M. Scott, "Simple, Fast, and Practical
//            Non-Blocking and Blocking Concurrent Queue Algorithms", PODC 1996.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/sync.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

template <std::size_t segments>
class Grants {
    using enum std::memory_order;
    using Word = sync::atomic<std::uint64_t>;

public:
    static constexpr std::uint32_t none = 0xffff'ffff;

    // `next` is where others read how many have been given; `first` is the number of the first
    // opening.
    Grants(Word& next, std::uint64_t first) : next_(&next) {
        next.store(first, relaxed);  // nobody else knows the words yet
        for (std::uint64_t i = 0; i < segments; ++i)
            at(first + i).store(entry(first + i - segments, nothing), relaxed);  // as above
    }

    // The segment of opening `n`, or `none` where that is not granted (or is long over).
    [[nodiscard]] std::uint32_t granted(std::uint64_t n) const {
        const std::uint64_t found = entries_[n % segments].load(acquire);  // G1, G9
        return is_of(found, n) ? static_cast<std::uint32_t>(found & nothing) : none;
    }
    // The same, but `none` also where the first slot has not been reserved yet.
    [[nodiscard]] std::uint32_t opened(std::uint64_t n) const {
        const std::uint64_t found = entries_[n % segments].load(acquire);  // G9
        return is_of(found, n) && (found & open_bit) != 0
                   ? static_cast<std::uint32_t>(found & nothing)
                   : none;
    }
    // The first slot of opening `n` has been reserved by the caller.
    void open(std::uint64_t n) { (void)at(n).fetch_or(open_bit, acq_rel); }  // G9

    // The next opening that has no segment yet will use this one.
    void give(std::uint32_t segment) {
        std::uint64_t n = next_->load(acquire);  // G5
        for (;;) {
            std::uint64_t old = at(n).load(acquire);  // G1
            if (old >> 16 == number(n - segments) &&
                at(n).compare_exchange_strong(old, entry(n, segment), acq_rel, acquire)) {  // G1
                advance(n);
                return;
            }
            // Somebody else has given this one: we make sure that it counts, and take the next.
            if (old >> 16 == number(n)) advance(n);
            n = next_->load(acquire);  // G5
        }
    }

private:
    static constexpr std::uint64_t nothing = 0x7fff, open_bit = 0x8000;
    static constexpr std::uint64_t number(std::uint64_t n) {
        return n & ((std::uint64_t{1} << 48) - 1);
    }
    static constexpr std::uint64_t entry(std::uint64_t n, std::uint64_t segment) {
        return n << 16 | segment;
    }
    static constexpr bool is_of(std::uint64_t found, std::uint64_t n) {
        return found >> 16 == number(n) && (found & nothing) != nothing;
    }
    [[nodiscard]] Word& at(std::uint64_t n) { return entries_[n % segments]; }
    void advance(std::uint64_t n) {
        (void)next_->compare_exchange_strong(n, n + 1, acq_rel, relaxed);  // G5
    }

    Word* next_;
    alignas(platform::no_sharing_bytes) std::array<Word, segments> entries_{};
};

}  // namespace stator
