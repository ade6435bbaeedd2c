// refused: workers[at] and workers[and_at] share a cpu and one of them spins
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 1, .roles = {}, .wait = Wait::futex},
                            {.name = "b", .cpu = 1, .roles = {}, .wait = Wait::spin}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
