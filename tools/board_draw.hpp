// tools/board_draw.hpp - `stator board draw`: a picture of a board, with the flowmeter on it where
// it is the one that the command was built for.
#pragma once
#include <string>

namespace stator::tools {

struct DrawOptions {
    std::string board;       // its name; "" for the one that the command was built for
    std::string svg;         // write it to this file, "-" is standard output; "": for a terminal
    bool interface = false;  // the flowmeter on an interface, instead of on a capture file
};

// Exit code: 0; 2 when there is no such board, or the picture could not be written.
int draw_board(const DrawOptions& options);

}  // namespace stator::tools
