// refused: workers[at].cpu is on a node without memory
#include "base.hpp"

using namespace refuse;
constexpr Node other[] = {nodes[0], {.id = 1, .cpus = cpus("4-7"), .memory_bytes = 0}};
constexpr Board broken = [] {
    Board b = sound;
    b.machine.nodes = other;
    return b;
}();
static_assert(board_is_sound<broken>);
