// refused: workers[at] and workers[and_at] name the same role
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 1, .roles = {"x"}},
                            {.name = "b", .cpu = 2, .roles = {"x"}}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
