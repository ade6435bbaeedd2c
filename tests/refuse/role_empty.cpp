// refused: workers[at].roles has an empty name
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 1, .roles = {"x", ""}}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
