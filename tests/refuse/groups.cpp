// refused: machine.smt or .last_caches names a cpu that machine.cpus has not
#include "base.hpp"

using namespace refuse;
constexpr CpuSet groups[] = {cpus("7-8")};
constexpr Board broken = [] {
    Board b = sound;
    b.machine.smt = groups;
    return b;
}();
static_assert(board_is_sound<broken>);
