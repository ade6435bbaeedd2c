// tests/weave/weave/clock.hpp - vector clocks: what a thread knows of the others.
//
// Each visible step of a thread is one tick of its own clock. A thread knows everything that thread
// u did up to tick `at[u]`. A last place, `sc`, counts the sequentially consistent stores of all.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace weave {

inline constexpr unsigned threads_max = 7;

using Tick = std::uint32_t;
inline constexpr Tick never = UINT32_MAX;

struct Clock {
    static constexpr std::size_t sc = threads_max;
    std::array<Tick, threads_max + 1> at{};

    static constexpr Clock all(Tick tick) {
        Clock c;
        c.at.fill(tick);
        return c;
    }
    void join(const Clock& other) {
        for (std::size_t i = 0; i < at.size(); ++i) at[i] = std::max(at[i], other.at[i]);
    }
    // Whether one of `marks` (a tick for each thread, or `never`) is known here.
    [[nodiscard]] bool reaches_any(const Clock& marks) const {
        bool any = false;
        for (std::size_t i = 0; i < at.size(); ++i) any |= marks.at[i] <= at[i];
        return any;
    }
    // Whether all of `marks` (0 for none) are known here.
    [[nodiscard]] bool reaches_all(const Clock& marks) const {
        bool all_known = true;
        for (std::size_t i = 0; i < at.size(); ++i) all_known &= marks.at[i] <= at[i];
        return all_known;
    }
};

// Two grades of knowledge. What happens before is also seen; what is seen (an order of fences says
// so) does not always happen before, and does not protect plain data.
struct Knowledge {
    Clock before;            // happens-before
    Clock seen;              // coherence: no load returns what is older
    std::uint64_t time = 0;  // of the model's clock: it goes on along happens-before
    void join(const Knowledge& other) {
        before.join(other.before);
        seen.join(other.seen);
        time = std::max(time, other.time);
    }
};

}  // namespace weave
