// tools/flowmeter/whole_file.hpp - writes a file so that it is there whole or not at all.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "flowmeter/failure.hpp"

namespace stator::flowmeter {

// Writes `text` to a temporary file beside `path` and renames it, so that a reader sees the old
// content or the new; on failure the old content stays and nothing is left behind. A symbolic link
// is followed. What is not a regular file (a pipe, a terminal), and /dev/stdout, is written to
// directly instead. The exit code of the failure is exit_partial.
[[nodiscard]] std::optional<Failure> write_whole_file(const std::string& path,
                                                      std::string_view text);

}  // namespace stator::flowmeter
