// tools/board_draw.cpp - hands the board and the flowmeter's plan to the drawings.
#include "board_draw.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "board/commands.hpp"
#include "board/draw_svg.hpp"
#include "board/draw_text.hpp"
#include "board/gen.hpp"
#include "flowmeter/meter.hpp"

namespace stator::tools {
namespace {

template <typename L>
std::string drawn(const DrawOptions& options, std::string_view title, const TextOptions& how) {
    const auto& plan = flowmeter::SchedulerFor<L>::plan;
    std::array<std::uint64_t, nodes_max> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = plan.bytes_of(i);
    const PlannedUse use{.title = title, .pieces = plan.pieces, .node_bytes = bytes};
    return options.svg.empty() ? text_of(stator::board, {&use, 1}, how)
                               : svg_of(stator::board, {&use, 1});
}

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
    const TextOptions how = terminal();
    std::string text;
    if (b != &stator::board)
        text = options.svg.empty() ? text_of(*b, {}, how) : svg_of(*b, {});
    else if (options.interface)
        text = drawn<flowmeter::LiveLine>(options, "flowmeter on an interface", how);
    else
        text = drawn<flowmeter::FileLine>(options, "flowmeter on a capture file", how);
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
