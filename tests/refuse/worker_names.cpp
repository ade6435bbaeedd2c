// refused: workers[at] and workers[and_at] have the same .name
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 1, .roles = {}},
                            {.name = "a", .cpu = 2, .roles = {}}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
