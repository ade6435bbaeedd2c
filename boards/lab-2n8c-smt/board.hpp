// boards/lab-2n8c-smt/board.hpp - how we use this machine of the lab; see choices.hpp.
#pragma once
#include <stator/boards/lab-2n8c-smt/choices.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::lab_2n8c_smt {

inline constexpr Board board = board_on("lab-2n8c-smt", machine);

static_assert(board_is_sound<board>);

}  // namespace stator::boards::lab_2n8c_smt
