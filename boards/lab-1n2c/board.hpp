// boards/lab-1n2c/board.hpp - how we use this machine of the lab; see choices.hpp.
#pragma once
#include <stator/boards/lab-1n2c/choices.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::lab_1n2c {

inline constexpr Board board = board_on("lab-1n2c", machine);

static_assert(board_is_sound<board>);

}  // namespace stator::boards::lab_1n2c
