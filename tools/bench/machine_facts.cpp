// tools/bench/machine_facts.cpp - asks the kernel; the flags come from CMake.
#include "bench/machine_facts.hpp"

#include <fstream>

#include <sys/utsname.h>
#include <unistd.h>

namespace stator::bench {
namespace {

// The first line `model name : ...`; aarch64 has none.
std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos)
            return line.substr(colon + 2);
    }
    return "a processor without a model name";
}

}  // namespace

MachineFacts machine_facts() {
    utsname names{};
    const bool known = uname(&names) == 0;
    return {.cpu = cpu_model(),
            .kernel = known ? std::string(names.sysname) + ' ' + names.release : "unknown",
            .cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN))};
}

std::string build_flags() {
    return STATOR_BENCH_FLAGS;  // a definition of this file alone, see tools/CMakeLists.txt
}

}  // namespace stator::bench
