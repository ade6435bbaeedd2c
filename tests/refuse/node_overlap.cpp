// refused: machine.nodes[at] and [and_at] share a cpu
#include "base.hpp"

using namespace refuse;
constexpr Node other[] = {nodes[0], {.id = 1, .cpus = cpus("3-7"), .memory_bytes = 1}};
constexpr Board broken = [] {
    Board b = sound;
    b.machine.nodes = other;
    return b;
}();
static_assert(board_is_sound<broken>);
