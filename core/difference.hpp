// core/difference.hpp - one way in which a machine is not the one that a board describes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace stator {

enum class Severity : std::uint8_t {
    warning,  // start() runs, and says it: the board knows this fact, but nothing stands on it
    refused,  // start() fails: a worker, its memory or housekeeping depends on it
};

enum class DifferenceKind : std::uint8_t {
    architecture,
    page_size,
    cache_line,
    cpu_missing,
    cpu_offline,
    cpu_extra,
    cpu_denied,  // by the cpuset of the process
    cpu_on_another_node,
    smt_off,
    smt_on,
    core,  // other cpus share a core
    last_cache,
    last_cache_size,
    node_missing,
    node_extra,
    node_without_memory,
    node_too_small,
    node_larger,
    node_denied,  // its memory, by the cpuset of the process
    distance,
    packages,
    slow_cpus,
};

// As `stator board check --json` has it: "cpu_missing".
[[nodiscard]] std::string_view name_of(DifferenceKind kind);
// "warning", "refused".
[[nodiscard]] std::string_view name_of(Severity severity);

struct Difference {
    Severity severity = Severity::refused;
    DifferenceKind kind = DifferenceKind::architecture;
    std::string what;     // "cpu 3: the board has it, here it is offline"
    std::string meaning;  // "worker 'parse' has no cpu"
    std::string remedy;   // "bring it up with  echo 1 > /sys/devices/system/cpu/cpu3/online"

    // All three as one line.
    [[nodiscard]] std::string text() const { return what + ", so " + meaning + "; " + remedy; }
};

}  // namespace stator
