// core/machine_check.hpp - whether this machine is the one that a board describes; if not, line by
// line.
#pragma once
#include <span>
#include <string>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/difference.hpp>
#include <stator/platform/machine.hpp>
#include <stator/platform/status.hpp>

namespace stator {

// What differs, with what it means and how to repair it; those that refuse come first. Empty where
// the machine is the board's. A difference refuses where the board uses what differs: the cpu of a
// worker or of housekeeping, the memory of a worker's node, the distances that thieves go by, the
// core and the last-level cache of a worker. It warns where the board only knows of it, and where
// the machine does not say. More cpus, nodes or memory than the board has refuse, too, unless it
// says .allow_larger_machine. Memory may be a sixteenth less or more: the kernel keeps a part that
// changes from boot to boot. Allocates; any thread.
[[nodiscard]] std::vector<Difference> differences(const Board& b,
                                                  const platform::MachineFacts& facts);

// How bad it is: ok; machine_differs with a line for each difference where one of them refuses.
platform::Status status_of(const Board& b, std::span<const Difference> found);

// What start() says to this machine: machine_unknown where the facts do not come from the kernel,
// else as `status_of`. `warnings` gets the text of each difference that start() lets pass.
platform::Status verify(const Board& b, const platform::MachineFacts& facts,
                        std::vector<std::string>& warnings);

}  // namespace stator
