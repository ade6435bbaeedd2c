// refused: workers[at] is Scheduling::fifo with a priority outside 1..99
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a", .cpu = 1, .roles = {}, .scheduling = Scheduling::fifo}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
