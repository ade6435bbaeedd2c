// refused: workers[at] spins on a cpu of housekeeping
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 0, .roles = {}, .wait = Wait::spin}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
