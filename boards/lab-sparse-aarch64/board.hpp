// boards/lab-sparse-aarch64/board.hpp - how we use this machine of the lab; see choices.hpp.
#pragma once
#include <stator/boards/lab-sparse/choices.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::lab_sparse_aarch64 {

inline constexpr Board board = boards::lab_sparse::board_on("lab-sparse-aarch64", machine);

static_assert(board_is_sound<board>);

}  // namespace stator::boards::lab_sparse_aarch64
