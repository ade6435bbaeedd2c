// refused: housekeeping is empty, or names a cpu that the machine has not
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.housekeeping = cpus("0,8");
    return b;
}();
static_assert(board_is_sound<broken>);
