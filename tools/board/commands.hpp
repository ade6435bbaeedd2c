// tools/board/commands.hpp - `stator board gen` and `stator board check`.
#pragma once
#include <string>

#include <stator/core/board.hpp>

#include "board/check.hpp"

namespace stator::tools {

struct GenOptions {
    std::string xml;        // an hwloc file; "" for this machine
    std::string synthetic;  // or hwloc's short form
    std::string name;       // of the board
    std::string out;        // folder that the board's folder is made in
};

// Writes OUT/NAME/topology.hpp anew, and board.hpp where there is none: what somebody wrote by hand
// is never overwritten. Exit code: 0, or 2 with a line that says what to do.
int board_gen(const GenOptions& options);

// The board with this name; "" is the one that the program was built for. Where there is none, says
// so for `stator board COMMAND`, with the names that there are, and gives nullptr.
const Board* known_board(const char* command, const std::string& name);

// Exit code: as check_board; 2 when there is no such board.
int board_check(const CheckOptions& options);

}  // namespace stator::tools
