// core/process_mark.hpp - in which process something was started: a child of fork has the words
// that say so, and neither the threads nor the arenas.
//
// Threads    set: one at a time. is_of_a_parent: any.
#pragma once
#include <cstdint>

#include <stator/core/sync.hpp>

namespace stator {

class ProcessMark {
    using enum std::memory_order;

public:
    // It is this process.
    void set() { at_.store(sync::forks() + 1, relaxed); }  // a number alone
    // It was set, and this process is a child of that one.
    [[nodiscard]] bool is_of_a_parent() const {
        const std::uint32_t at = at_.load(relaxed);  // a number alone
        return at != 0 && sync::forks() + 1 != at;
    }

private:
    sync::atomic<std::uint32_t> at_{0};  // forks before, plus one; 0: never set
};

}  // namespace stator
