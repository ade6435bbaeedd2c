// tools/top/command.cpp - `stator top`: finds schedulers, draws them again and again.
#include "top/command.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <stator/platform/claim.hpp>
#include <stator/platform/clock.hpp>
#include <stator/platform/shared_region.hpp>
#include <stator/platform/status.hpp>

#include "top/choose.hpp"
#include "top/render.hpp"
#include "top/view_reader.hpp"

namespace stator::top {
namespace {

constexpr std::string_view this_command = "stator top";

int remove_all_stale() {
    int code = exit_shown;
    std::size_t removed = 0;
    for (const ViewFile& file : find_views()) {
        if (file.state != ViewFile::State::stale) continue;
        if (const platform::Status s = remove_stale(file.path); !s.ok()) {
            fmt::print(stderr, "stator top: {}\n", s.text());
            code = exit_nothing;
            continue;
        }
        ++removed;
        fmt::print("removed {}, process {} has ended\n", file.path, file.process.pid);
    }
    if (removed == 0 && code == exit_shown)
        fmt::print("nothing is stale in {}\n", platform::shared_folder());
    return code;
}

int say_several(const std::vector<View>& views) {
    fmt::print(stderr, "stator top: several schedulers run; choose one with --pid\n");
    for (const View& view : views)
        fmt::print(stderr, "  --pid {:<8} board {:<16} {}\n", view.process().pid, view.board(),
                   platform::program_of(view.process().pid));
    return exit_several;
}

// ---- One picture after the other ----

struct Watched {
    View view;
    std::optional<Snapshot> last;
    bool ended = false;
};

std::string picture_of(Watched& watched) {
    Snapshot now = watched.view.look();
    std::string text = text_of(now, watched.last ? &*watched.last : nullptr);
    watched.last = std::move(now);
    return text;
}

// True while one of them runs. Says of each once that it does not any more.
bool any_runs(std::vector<Watched>& all) {
    bool any = false;
    for (Watched& watched : all) {
        if (watched.ended) continue;
        if (watched.view.is_running()) {
            any = true;
            continue;
        }
        watched.ended = true;
        const int pid = watched.view.process().pid;
        if (platform::is_alive(watched.view.process()))
            fmt::print("the scheduler of process {} has stopped\n", pid);
        else
            fmt::print("process {} has ended\n", pid);
    }
    return any;
}

// The picture over the one before, cut to the window: a line that wraps would push the first ones
// out of it.
std::string on_terminal(std::string_view text) {
    winsize window{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row < 2 || window.ws_col < 2)
        window = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    constexpr std::string_view home = "\x1b[H", to_line_end = "\x1b[K", to_end = "\x1b[J";
    std::string drawn(home);
    std::size_t rows = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (++rows + 1 == window.ws_row && !text.empty()) {
            line = "(more: make the window higher, or use --once)";
            text = {};
        }
        drawn.append(line.substr(0, window.ws_col)).append(to_line_end).append("\n");
    }
    return drawn.append(to_end);
}

// Sleeps until `until` (platform::monotonic_ns), or until a signal of `signals`, which are blocked,
// asks us to end: then true. Returns early when none of `all` runs any more.
bool asked_to_end(const sigset_t& signals, std::uint64_t until, const std::vector<Watched>& all) {
    constexpr std::uint64_t slice = 200'000'000;
    for (;;) {
        const std::uint64_t now = platform::monotonic_ns();
        if (now >= until) return false;
        const std::uint64_t ns = std::min(until - now, slice);
        const timespec wait{.tv_sec = 0, .tv_nsec = static_cast<long>(ns)};
        if (sigtimedwait(&signals, nullptr, &wait) > 0) return true;
        if (std::none_of(all.begin(), all.end(), [](const Watched& watched) {
                return !watched.ended && watched.view.is_running();
            }))
            return false;
    }
}

int watch(std::vector<Watched> all, double interval_s) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    const auto interval = static_cast<std::uint64_t>(interval_s * 1e9);
    std::uint64_t next = platform::monotonic_ns();
    if (terminal && !write_out("\x1b[2J", this_command)) return exit_unwritten;
    while (any_runs(all)) {
        std::string text;
        for (Watched& watched : all)
            if (!watched.ended) text += (text.empty() ? "" : "\n") + picture_of(watched);
        if (!write_out(terminal ? on_terminal(text) : text + '\n', this_command))
            return exit_unwritten;
        next = std::max(next + interval, platform::monotonic_ns());
        if (asked_to_end(signals, next, all)) break;
    }
    return exit_shown;
}

}  // namespace

int run_top(const TopOptions& options) {
    if (options.remove_stale) return remove_all_stale();
    std::vector<View> views = choose_views(options.pid, this_command);
    if (views.empty()) return exit_nothing;
    const bool one_process = std::all_of(views.begin(), views.end(), [&](const View& view) {
        return view.process() == views.front().process();
    });
    if (!one_process) return say_several(views);
    if (!options.json && !options.once) {
        std::vector<Watched> all;
        all.reserve(views.size());
        for (View& view : views) all.push_back({.view = std::move(view), .last = {}});
        return watch(std::move(all), options.interval_s);
    }
    std::string text;
    for (const View& view : views) {
        if (!text.empty() && !options.json) text += '\n';
        text += options.json ? json_of(view.look()) : text_of(view.look(), nullptr);
    }
    return write_out(text, this_command) ? exit_shown : exit_unwritten;
}

}  // namespace stator::top
