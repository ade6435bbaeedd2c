// boards/lab-2n8c-smt-aarch64/board.hpp - how we use this machine of the lab; see choices.hpp.
#pragma once
#include <stator/boards/lab-2n8c-smt/choices.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::lab_2n8c_smt_aarch64 {

inline constexpr Board board = boards::lab_2n8c_smt::board_on("lab-2n8c-smt-aarch64", machine);

static_assert(board_is_sound<board>);

}  // namespace stator::boards::lab_2n8c_smt_aarch64
