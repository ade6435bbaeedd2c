// tools/bench/machine_facts.hpp - on what was measured, and how that was built.
#pragma once
#include <string>

namespace stator::bench {

struct MachineFacts {
    std::string cpu;     // the model, as /proc/cpuinfo says it
    std::string kernel;  // name and release
    int cpus = 0;        // online
};
[[nodiscard]] MachineFacts machine_facts();

// The compiler with its version, and its flags.
[[nodiscard]] std::string build_flags();

}  // namespace stator::bench
