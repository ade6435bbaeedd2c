// tools/top/choose.hpp - which of the running schedulers a command shows, and what it says where it
// shows none.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "top/view_reader.hpp"

namespace stator::top {

// Exit codes of the commands that show schedulers.
inline constexpr int exit_shown = 0, exit_unwritten = 1, exit_several = 2, exit_nothing = 3;

// The schedulers that run: those of process `pid`, or all where that is 0. What cannot be shown,
// and that there is none, is said on standard error in the name of `command`.
[[nodiscard]] std::vector<View> choose_views(int pid, std::string_view command);

// False, and said so, where standard output takes no more.
[[nodiscard]] bool write_out(const std::string& text, std::string_view command);

}  // namespace stator::top
