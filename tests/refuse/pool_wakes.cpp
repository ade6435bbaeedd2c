// refused: pool.wake_threshold is 0, or above 1 without a .latest_wake; use 1, or set both
#include "base.hpp"

using namespace refuse;
constexpr Board waking(unsigned threshold, long latest_ns) {
    Board b = sound;
    b.pool.wake_threshold = threshold;
    b.pool.latest_wake = std::chrono::nanoseconds{latest_ns};
    return b;
}
static_assert(judge(waking(1, 0)).broken == Rule::all_kept);  // at once: there is no timer
static_assert(judge(waking(2, 1)).broken == Rule::all_kept);
static_assert(judge(waking(2, -1)).broken == Rule::wakes_are_timed);
static_assert(judge(waking(0, 1)).broken == Rule::wakes_are_timed);
constexpr Board broken = waking(2, 0);
static_assert(board_is_sound<broken>);
