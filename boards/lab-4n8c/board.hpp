// boards/lab-4n8c/board.hpp - how we use this machine of the lab; see choices.hpp.
#pragma once
#include <stator/boards/lab-4n8c/choices.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::lab_4n8c {

inline constexpr Board board = board_on("lab-4n8c", machine);

static_assert(board_is_sound<board>);

}  // namespace stator::boards::lab_4n8c
