// tools/flowmeter/command.hpp - `stator flow`: run the flowmeter and print what it found.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace stator::flowmeter {

struct FlowOptions {
    std::string file;       // a capture, or "-"; "" when `interface` is given
    std::string interface;  // of a live capture
    std::string csv;        // where the flows are written to; "" for nowhere
    bool json = false;
    std::uint64_t loops = 1;  // how often the file is read
    std::size_t top = 10;     // flows in the list of the largest
};

// Runs until the capture ends, or SIGINT or SIGTERM: then it drains and reports. Exit code: 0; 1
// when something is missing from what was read or written; 2 when nothing could be read; 3 when
// this machine is not the board's, or refuses what the board needs.
int run_flow(const FlowOptions& options);

}  // namespace stator::flowmeter
