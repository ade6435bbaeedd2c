// core/difference.cpp - the names of kinds of differences.
#include <stator/core/difference.hpp>

namespace stator {

std::string_view name_of(Severity severity) {
    return severity == Severity::refused ? "refused" : "warning";
}

std::string_view name_of(DifferenceKind kind) {
    switch (kind) {
        case DifferenceKind::architecture:
            return "architecture";
        case DifferenceKind::page_size:
            return "page_size";
        case DifferenceKind::cache_line:
            return "cache_line";
        case DifferenceKind::cpu_missing:
            return "cpu_missing";
        case DifferenceKind::cpu_offline:
            return "cpu_offline";
        case DifferenceKind::cpu_extra:
            return "cpu_extra";
        case DifferenceKind::cpu_denied:
            return "cpu_denied";
        case DifferenceKind::cpu_on_another_node:
            return "cpu_on_another_node";
        case DifferenceKind::smt_off:
            return "smt_off";
        case DifferenceKind::smt_on:
            return "smt_on";
        case DifferenceKind::core:
            return "core";
        case DifferenceKind::last_cache:
            return "last_cache";
        case DifferenceKind::last_cache_size:
            return "last_cache_size";
        case DifferenceKind::node_missing:
            return "node_missing";
        case DifferenceKind::node_extra:
            return "node_extra";
        case DifferenceKind::node_without_memory:
            return "node_without_memory";
        case DifferenceKind::node_too_small:
            return "node_too_small";
        case DifferenceKind::node_larger:
            return "node_larger";
        case DifferenceKind::node_denied:
            return "node_denied";
        case DifferenceKind::distance:
            return "distance";
        case DifferenceKind::packages:
            return "packages";
        case DifferenceKind::slow_cpus:
            return "slow_cpus";
    }
    return "";
}

}  // namespace stator
