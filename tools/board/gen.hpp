// tools/board/gen.hpp - the text of a board from what a machine is.
#pragma once
#include <string>
#include <string_view>

#include <stator/platform/machine.hpp>
#include <stator/platform/status.hpp>

#include "board/choices.hpp"

namespace stator::tools {

// topology.hpp: the facts, as constants. `name` is the board's, as its folder is called.
[[nodiscard]] std::string topology_text(std::string_view name, const platform::MachineFacts& facts);

// board.hpp: the choices with their reasons, to be changed by hand.
[[nodiscard]] std::string board_text(std::string_view name, const Choices& choices);

// The board's namespace: its name with `_` for `-`.
[[nodiscard]] std::string namespace_of(std::string_view name);

// Letters, digits, - and _, a letter first.
[[nodiscard]] bool is_board_name(std::string_view name);

// Writes `text` to `path`, through a file beside it that is renamed, so that it is there whole or
// not at all. Leaves a file with just this text alone. The error says what to do.
[[nodiscard]] platform::Status write_if_changed(const std::string& path, const std::string& text);

}  // namespace stator::tools
