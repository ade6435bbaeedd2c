// refused: machine.smt, .last_caches, .packages or .slow_cpus names a cpu
#include "base.hpp"

using namespace refuse;
constexpr CpuSet groups[] = {cpus("7-8")};
constexpr Board broken = [] {
    Board b = sound;
    b.machine.smt = groups;
    return b;
}();
static_assert(board_is_sound<broken>);
