// tools/memory_table.hpp - the plan of a scheduler's memory as a table for people.
#pragma once
#include <cstddef>
#include <string>

#include <fmt/format.h>

#include <stator/core/plan.hpp>

namespace stator::tools {

// 0 B to 9,999 B as they are, above in KiB and MiB with one digit.
[[nodiscard]] inline std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 10'000) return fmt::format("{} B", bytes);
    if (bytes < (std::uint64_t{10} << 20))
        return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / 1048576);
}

// What a piece is called: "ring parse > flows.2".
[[nodiscard]] inline std::string piece_text(const Piece& piece) {
    std::string text = fmt::format("{} {}", piece.kind, piece.name);
    if (!piece.to.empty()) text += fmt::format(" > {}", piece.to);
    return text;
}

// A line per node: objects, what others may read, stacks, their sum, the share of the budget.
template <std::size_t n>
[[nodiscard]] std::string memory_table(const Board& b, const Plan<n>& plan,
                                       std::string_view title) {
    std::string text = fmt::format("{}: static memory per node\n", title);
    text += fmt::format("  {:>6} {:>12} {:>12} {:>12} {:>12} {:>12} {:>7}\n", "node", "objects",
                        "view", "stacks", "together", "budget", "used");
    for (std::size_t i = 0; i < b.machine.nodes.size(); ++i) {
        const std::uint64_t budget = b.memory.budget_per_node_bytes;
        text += fmt::format(
            "  {:>6} {:>12} {:>12} {:>12} {:>12} {:>12} {:>6.1f}%\n", b.machine.nodes[i].id,
            bytes_text(plan.object_bytes[i]), bytes_text(plan.view_bytes[i]),
            bytes_text(plan.stack_bytes[i]), bytes_text(plan.bytes_of(i)), bytes_text(budget),
            100.0 * static_cast<double>(plan.bytes_of(i)) / static_cast<double>(budget));
    }
    return text;
}

// A line per object: node, offset, bytes, name.
template <std::size_t n>
[[nodiscard]] std::string object_table(const Board& b, const Plan<n>& plan) {
    std::string text =
        fmt::format("  {:>6} {:>12} {:>14}  {}\n", "node", "offset", "bytes", "object");
    for (const Piece& piece : plan.pieces)
        text += fmt::format("  {:>6} {:>12} {:>14}  {}\n",
                            b.machine.nodes[static_cast<std::size_t>(piece.node)].id, piece.offset,
                            piece.bytes, piece_text(piece));
    return text;
}

}  // namespace stator::tools
