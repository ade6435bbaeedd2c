// refused: workers[at] and workers[and_at] name the same role
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 1, .roles = {every_other_role}},
                            {.name = "b", .cpu = 2, .roles = {every_other_role}}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
