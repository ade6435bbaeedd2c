// tools/text_table.hpp - tables and durations for people who read a terminal.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace stator::tools {

using TableLine = std::vector<std::string>;

// Appends lines of as many cells as the first, in columns two spaces apart; the first
// `left_columns` of them aligned left, the others, which are numbers, right.
inline void add_table(std::string& text, const std::vector<TableLine>& lines,
                      std::size_t left_columns) {
    std::vector<std::size_t> widths(lines.front().size(), 0);
    for (const TableLine& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], line[i].size());
    for (const TableLine& line : lines) {
        std::string drawn;
        for (std::size_t i = 0; i < line.size(); ++i)
            drawn += i < left_columns ? fmt::format("  {:<{}}", line[i], widths[i])
                                      : fmt::format("  {:>{}}", line[i], widths[i]);
        drawn.erase(drawn.find_last_not_of(' ') + 1);
        text += drawn + '\n';
    }
}

// Three digits or so: "850 ns", "12.3 us".
[[nodiscard]] inline std::string duration_text(std::uint64_t ns) {
    if (ns < 1'000) return fmt::format("{} ns", ns);
    const auto value = static_cast<double>(ns);
    if (ns < 1'000'000) return fmt::format("{:.1f} us", value / 1e3);
    if (ns < 1'000'000'000) return fmt::format("{:.1f} ms", value / 1e6);
    return fmt::format("{:.2f} s", value / 1e9);
}

// "-" for what is not known, as negative numbers are.
[[nodiscard]] inline std::string number_or_dash(int number) {
    return number < 0 ? "-" : std::to_string(number);
}

}  // namespace stator::tools
