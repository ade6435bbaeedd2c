// tools/board_draw.cpp - hands the board and the flowmeter's plan to the drawings.
#include "board_draw.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "board/commands.hpp"
#include "board/draw_svg.hpp"
#include "board/draw_text.hpp"
#include "board/gen.hpp"
#include "flowmeter_use.hpp"

namespace stator::tools {
namespace {

// What standard output can show. Source: no-color.org.
TextOptions terminal() {
    TextOptions how;
    if (isatty(STDOUT_FILENO) == 0) return how;
    const char* refused = std::getenv("NO_COLOR");
    how.colours = refused == nullptr || *refused == '\0';
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        how.columns = std::clamp<std::size_t>(size.ws_col, 60, 200);
    return how;
}

int say(const std::string& text) {
    fmt::print(stderr, "stator board draw: {}\n", text);
    return 2;
}

}  // namespace

int draw_board(const DrawOptions& options) {
    const Board* const b = known_board("draw", options.board);
    if (b == nullptr) return 2;
    std::vector<PlannedUse> uses;  // none of a board that the program was not built for
    if (b == &stator::board)
        uses.push_back(options.interface ? interface_use() : capture_file_use());
    const std::string text = options.svg.empty() ? text_of(*b, uses, terminal()) : svg_of(*b, uses);
    if (!options.svg.empty() && options.svg != "-") {
        if (const auto s = write_if_changed(options.svg, text); !s.ok()) return say(s.text());
        fmt::print("wrote {}\n", options.svg);
        return 0;
    }
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        return say("standard output: could not be written: " + platform::error_text(errno) +
                   "; choose a file with --svg FILE");
    return 0;
}

}  // namespace stator::tools
