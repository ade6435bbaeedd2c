// refused: workers[at].cpu is on no node of topology.hpp
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 8, .roles = {}}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
