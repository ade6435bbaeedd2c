// boards/lab-3n-memoryonly/board.hpp - how we use this machine of the lab; see choices.hpp.
#pragma once
#include <stator/boards/lab-3n-memoryonly/choices.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::lab_3n_memoryonly {

inline constexpr Board board = board_on("lab-3n-memoryonly", machine);

static_assert(board_is_sound<board>);

}  // namespace stator::boards::lab_3n_memoryonly
