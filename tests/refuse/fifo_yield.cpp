// refused: workers[at] is Scheduling::fifo and Wait::yield
#include "base.hpp"

using namespace refuse;
constexpr Worker other[] = {{.name = "a",
                             .cpu = 1,
                             .roles = {},
                             .wait = Wait::yield,
                             .scheduling = Scheduling::fifo,
                             .priority = 1}};
constexpr Board broken = with(other);
static_assert(board_is_sound<broken>);
