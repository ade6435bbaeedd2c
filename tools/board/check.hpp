// tools/board/check.hpp - a board compared with a machine, for people and as JSON.
#pragma once
#include <string>

#include <stator/core/board.hpp>

namespace stator::tools {

struct CheckOptions {
    std::string board;  // of the known ones; "" for the one that the program was built for
    std::string xml;    // an hwloc file; "" for this machine
    bool json = false;
};

// Prints a line for each difference. Exit code: 0 where there is none, 1 where start() would only
// warn, 3 where it would refuse, 2 when the machine, or the file, could not be read.
int check_board(const Board& b, const CheckOptions& options);

}  // namespace stator::tools
