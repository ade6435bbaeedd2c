// tests/weave/weave/hash.hpp - what has happened so far, as a number, and the numbers seen before.
//
// The hash of a thread's history covers its events in order, each with the events that it depends
// on: the store that a load returned, the store below a new one, the futex calls before one on the
// same word. Two runs in which all threads have the same histories are in the same state, whatever
// the order of their steps was, and what can follow is the same: one of them is followed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weave {

// Another history each time: also an event 0 happens. Source: the finaliser of
// MurmurHash3, by A. Appleby.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t history, std::uint64_t event) {
    std::uint64_t h = (history + 0x632be59bd9b4e019u) * 0x9e3779b97f4a7c15u + event;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

// A set of hashes. Two states have the same one with a chance of 2^-64: among 10^8 states, once in
// 3,700 searches.
class Known {
public:
    // True: it was new.
    [[nodiscard]] bool insert(std::uint64_t hash) {
        if (slots_.empty() || 2 * count_ > slots_.size()) grow();
        const bool added = put(slots_, hash | 1);
        count_ += added ? 1 : 0;
        return added;
    }
    void clear() {
        slots_.clear();
        count_ = 0;
    }
    [[nodiscard]] std::size_t size() const { return count_; }

private:
    // Odd numbers, so that 0 is a free slot.
    static bool put(std::vector<std::uint64_t>& slots, std::uint64_t hash) {
        const std::size_t mask = slots.size() - 1;
        for (std::size_t i = (hash >> 1) & mask;; i = (i + 1) & mask) {
            if (slots[i] == hash) return false;
            if (slots[i] != 0) continue;
            slots[i] = hash;
            return true;
        }
    }
    void grow() {
        std::vector<std::uint64_t> larger(slots_.empty() ? std::size_t{1} << 12
                                                         : 2 * slots_.size());
        for (const std::uint64_t hash : slots_)
            if (hash != 0) put(larger, hash);
        slots_.swap(larger);
    }

    std::vector<std::uint64_t> slots_;
    std::size_t count_ = 0;
};

}  // namespace weave
