// boards/lab-sparse/board.hpp - how we use this machine of the lab; see choices.hpp.
#pragma once
#include <stator/boards/lab-sparse/choices.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::lab_sparse {

inline constexpr Board board = board_on("lab-sparse", machine);

static_assert(board_is_sound<board>);

}  // namespace stator::boards::lab_sparse
