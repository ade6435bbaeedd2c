// refused: pool.run_ring is not a power of two from 2 to 65536; 256 is a good start
#include "base.hpp"

using namespace refuse;
constexpr Board with_ring(std::size_t cells) {
    Board b = sound;
    b.pool.run_ring = cells;
    return b;
}
static_assert(judge(with_ring(2)).broken == Rule::all_kept);
static_assert(judge(with_ring(65'536)).broken == Rule::all_kept);
static_assert(judge(with_ring(0)).broken == Rule::run_ring_is_counted);
static_assert(judge(with_ring(1)).broken == Rule::run_ring_is_counted);
static_assert(judge(with_ring(131'072)).broken == Rule::run_ring_is_counted);
constexpr Board broken = with_ring(255);
static_assert(board_is_sound<broken>);
