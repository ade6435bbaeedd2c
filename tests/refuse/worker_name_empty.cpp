// refused: workers[at].name is empty or longer than 15 characters
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "", .cpu = 1, .roles = {}}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
