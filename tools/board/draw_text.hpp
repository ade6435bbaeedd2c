// tools/board/draw_text.hpp - a board as lines of text for a terminal, framed with box-drawing
// characters.
#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "board/layout.hpp"

namespace stator::tools {

struct TextOptions {
    std::size_t columns = 100;  // kept wherever one cpu and its frames are narrower
    bool colours = false;       // as terminals show them; the same text otherwise
};

// Without uses there are no ways, and no bytes.
[[nodiscard]] std::string text_of(const Board& b, std::span<const PlannedUse> uses,
                                  const TextOptions& options = {});

}  // namespace stator::tools
