// tools/board_print.hpp - `stator board print`: the chosen board, and what the flowmeter puts on
// it.
#pragma once

namespace stator::tools {

struct PrintOptions {
    bool memory = false;  // only the memory per node
    bool live = false;    // start, ask the kernel where every page is, and stop
};

// Exit code: 0; 3 when `live` and the machine is not the board's, or a page is not on its node.
int print_board(const PrintOptions& options);

}  // namespace stator::tools
