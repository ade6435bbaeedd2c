// tools/flowmeter/failure.hpp - why something could not be done, for a person and for a script.
#pragma once
#include <string>

namespace stator::flowmeter {

// Exit codes of the command.
inline constexpr int exit_complete = 0;  // everything was read and written
inline constexpr int exit_partial = 1;   // something is missing from what was read or written
inline constexpr int exit_nothing = 2;   // nothing could be read

struct Failure {
    int exit_code;        // exit_partial or exit_nothing
    std::string message;  // one line without its end: names the object, says what to do
};

}  // namespace stator::flowmeter
