// refused: pool.guaranteed_tasks and .peak_rate need `at` segments
#include "base.hpp"

using namespace refuse;
constexpr Board promising(std::uint64_t tasks, std::uint64_t rate) {
    Board b = sound;
    b.pool.guaranteed_tasks = tasks;
    b.pool.peak_rate = rate;
    return b;
}
// 64 * 64 slots: two segments for what is partly used, 32 for what cools at ten million a second.
static_assert(promising(0, 0).guaranteed_segments() == 2);
static_assert(promising(62 * 64, 0).guaranteed_segments() == 64);
static_assert(promising(0, 10'000'000).guaranteed_segments() == 64);
static_assert(promising(28 * 64, 10'000'000).guaranteed_segments() == 64);
// Quotas are for other priorities than the one that is promised, so they come on top.
static_assert([] {
    Board b = promising(10 * 64, 0);
    b.pool.priorities = 4;
    b.pool.quota = 3;
    return b.guaranteed_segments();
}() == 12 + 10);
constexpr Board kept = promising(28 * 64, 10'000'000);
static_assert(board_is_sound<kept>);
constexpr Board broken = promising(62 * 64 + 1, 0);
static_assert(board_is_sound<broken>);
