// core/counter.hpp - a count that one thread writes and any thread reads.
//
// Edges      Q1  add releases -> value acquires : where the count is a word of a record with a
//                SequenceLock (core/sequence_lock.hpp); alone it orders nothing
#pragma once
#include <cstdint>

#include <stator/core/sync.hpp>

namespace stator {

class Counter {
    using enum std::memory_order;

public:
    // The writer only. One plain addition: no other thread writes.
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(relaxed) + n, release);  // Q1; only one thread writes
    }
    // The writer only: keeps the larger of the two.
    void raise_to(std::uint64_t n) {
        if (n > value_.load(relaxed)) value_.store(n, release);  // Q1; only one thread writes
    }
    // Any thread; a value that was true at some time during the call.
    [[nodiscard]] std::uint64_t value() const { return value_.load(acquire); }  // Q1

private:
    sync::atomic<std::uint64_t> value_{0};
};

}  // namespace stator
