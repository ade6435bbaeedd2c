// refused: view.permissions are not 0600 and bits of 0066; the owner reads and writes
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.view.permissions = 0444;
    return b;
}();
static_assert(board_is_sound<broken>);
