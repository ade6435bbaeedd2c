// tools/board/draw_svg.hpp - a board as an SVG picture that needs nothing else: no fonts, no
// scripts, no other files.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "board/layout.hpp"

namespace stator::tools {

// Without uses there are no ways, and no bytes.
[[nodiscard]] std::string svg_of(const Board& b, std::span<const PlannedUse> uses);

// A text as it stands in XML. What XML cannot hold becomes '?'. Source: XML 1.0, section 2.2.
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace stator::tools
