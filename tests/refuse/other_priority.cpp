// refused: workers[at] is Scheduling::other and has a priority
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 1, .roles = {}, .priority = 5}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
