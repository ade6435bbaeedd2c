// refused: spin_budget is negative or above one second
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.spin_budget = std::chrono::seconds{2};
    return b;
}();
static_assert(board_is_sound<broken>);
