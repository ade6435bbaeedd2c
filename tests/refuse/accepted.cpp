// accepted
#include "base.hpp"

static_assert(stator::board_is_sound<refuse::sound>);
