// refused: memory.stack_bytes is below 64 KiB or not whole pages
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.memory.stack_bytes = 4096;
    return b;
}();
static_assert(board_is_sound<broken>);
