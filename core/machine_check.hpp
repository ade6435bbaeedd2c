// core/machine_check.hpp - whether this machine is the one that a board describes; if not, line by
// line.
#pragma once
#include <string>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/platform/machine.hpp>
#include <stator/platform/status.hpp>

namespace stator {

// What differs, a line each: the board's word, the machine's word, and what to do about it. Empty
// where the machine is the board's. Cpus in a row with the same difference share a line. Allocates;
// any thread.
[[nodiscard]] std::vector<std::string> differences(const Board& b,
                                                   const platform::MachineFacts& facts);

// The same as a status: machine_unknown where the facts do not come from the kernel,
// machine_differs with all lines where they differ.
platform::Status verify(const Board& b, const platform::MachineFacts& facts);

}  // namespace stator
