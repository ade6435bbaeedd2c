// core/counter.hpp - a count that one thread writes and any thread reads.
#pragma once
#include <cstdint>

#include <stator/core/sync.hpp>

namespace stator {

class Counter {
    using enum std::memory_order;

public:
    // The writer only. One plain addition: no other thread writes.
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(relaxed) + n, relaxed);  // a count orders nothing; one writer
    }
    // The writer only: keeps the larger of the two.
    void raise_to(std::uint64_t n) {
        if (n > value_.load(relaxed)) value_.store(n, relaxed);  // one writer, as above
    }
    // Any thread; a value that was true at some time during the call.
    [[nodiscard]] std::uint64_t value() const { return value_.load(relaxed); }  // a count alone

private:
    sync::atomic<std::uint64_t> value_{0};
};

}  // namespace stator
