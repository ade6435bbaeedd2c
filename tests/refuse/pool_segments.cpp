// refused: pool.segments is not 2 to 32766; 64 is a good start
#include "base.hpp"

using namespace refuse;
constexpr Board with_segments(std::size_t segments) {
    Board b = sound;
    b.pool.segments = segments;
    return b;
}
// An entry of core/grants.hpp has 15 bits for a segment, and one value that is none.
static_assert(judge(with_segments(2)).broken == Rule::all_kept);
static_assert(judge(with_segments(32'766)).broken == Rule::all_kept);
static_assert(judge(with_segments(32'767)).broken == Rule::segments_are_counted);
constexpr Board broken = with_segments(1);
static_assert(board_is_sound<broken>);
