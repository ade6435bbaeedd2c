// tools/board/known_boards.hpp - the boards that the command was built with.
#pragma once
#include <span>

#include <stator/core/board.hpp>

namespace stator::tools {

// Those of BOARD_ROOT, of boards/, and the chosen one; by name. CMake writes the list.
[[nodiscard]] std::span<const Board* const> known_boards();

}  // namespace stator::tools
