// refused: bad_optional_access
#include "base.hpp"

using namespace refuse;
constexpr CpuSet bad = cpus("3-1");
constexpr Board broken = sound;
static_assert(board_is_sound<broken>);
