// tools/flowmeter/command.cpp - `stator flow`: the caller's side of the pipelines.
#include "flowmeter/command.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <unistd.h>

#include <stator/platform/clock.hpp>

#include "flowmeter/capture_file.hpp"
#include "flowmeter/live_capture.hpp"
#include "flowmeter/meter.hpp"

namespace stator::flowmeter {
namespace {

constexpr int exit_refused = 3;

// Set by SIGINT and SIGTERM. Lock-free, so a handler may write it.
std::atomic<bool> asked_to_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// Without SA_RESTART: a read from a pipe that would wait for ever comes back.
void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) {
        asked_to_stop.store(true, std::memory_order_relaxed);
    };  // a flag
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}
bool stopped() {
    return asked_to_stop.load(std::memory_order_relaxed);
}  // a flag alone

int say(const Failure& failure) {
    fmt::print(stderr, "stator flow: {}\n", failure.message);
    return failure.exit_code;
}

int say(const Status& status) {
    fmt::print(stderr, "stator flow: cannot start: {}\n", status.text());
    return exit_refused;
}

// One line that is written over, twice a second, on a terminal only.
class ProgressLine {
public:
    void show(std::uint64_t packets) {
        if (!terminal_) return;
        const std::uint64_t now = platform::monotonic_ns();
        if (now - last_ < 500'000'000) return;
        last_ = now;
        const double seconds = static_cast<double>(now - begin_) / 1e9;
        fmt::print(stderr, "\r{:>12} packets  {:8.1f} s  {:10.0f} packets/s ", packets, seconds,
                   static_cast<double>(packets) / seconds);
        shown_ = true;
    }
    void clear() {
        if (shown_) fmt::print(stderr, "\r{:60}\r", "");
    }

private:
    bool terminal_ = isatty(STDERR_FILENO) == 1;
    bool shown_ = false;
    std::uint64_t begin_ = platform::monotonic_ns(), last_ = begin_;
};

// Prints the report and writes the export; the worse of `code` and what went wrong here.
template <typename L>
int finish(Meter<L>& meter, const FlowOptions& options, Report report, int code) {
    const std::vector<FlowRow> flows = meter.flows();
    const std::vector<StageRow> stages = meter.stages();
    report.totals = meter.totals();
    report.tasks = meter.tasks();
    report.flows = flows;
    report.stages = stages;
    report.top = options.top;
    report.dropped += meter.scheduler.template report<L>().lost();
    for (const WorkerReport& worker : meter.scheduler.worker_report())
        report.worker_faults += worker.faults;
    report.truncated = code == exit_partial;
    const std::string text = options.json ? json_of(report) : text_of(report);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
        fmt::print(stderr,
                   "stator flow: the report could not be written: {}; is the disk full, or "
                   "the reader gone?\n",
                   platform::error_text(errno));
        code = exit_partial;
    }
    if (options.csv.empty()) return code;
    if (const auto failure = write_csv(options.csv, flows)) return say(*failure);
    return code;
}

class Stopwatch {
public:
    [[nodiscard]] double seconds() const {
        return static_cast<double>(platform::monotonic_ns() - begin_) / 1e9;
    }

private:
    std::uint64_t begin_ = platform::monotonic_ns();
};

// ---- a capture file: read here, by the caller's thread ----

// Pushes every frame of `capture`; the exit code of this reading.
int push_all(CaptureFile& capture, Meter<FileLine>& meter, ProgressLine& progress,
             std::uint64_t& pushed) {
    auto& input = meter.scheduler.input<FileLine>();
    Frames frames = meter.frames();
    FrameHead head{};
    const std::uint8_t* bytes = nullptr;
    while (!stopped()) {
        switch (capture.next(head, bytes)) {
            case CaptureFile::Next::ended:
                return exit_complete;
            case CaptureFile::Next::cut_short:
                if (stopped()) break;  // the signal broke the read
                progress.clear();
                return say(capture.failure());
            case CaptureFile::Next::frame:
                if (input.push_or_wait(frames.keep_or_wait(head, bytes)) == Push::accepted)
                    ++pushed;
                if (pushed % 1024 == 0) progress.show(pushed);
                continue;
        }
    }
    progress.clear();
    fmt::print(stderr, "stator flow: stopped by a signal; this is what was read until then\n");
    return exit_partial;
}

int run_file(const FlowOptions& options) {
    static Meter<FileLine> meter;
    auto opened = CaptureFile::open(options.file);
    if (const auto* failure = std::get_if<Failure>(&opened)) return say(*failure);
    if (const Status s = meter.start([](auto&) {}); !s.ok()) return say(s);
    const Stopwatch watch;
    ProgressLine progress;
    std::uint64_t pushed = 0;
    int code = exit_complete;
    for (std::uint64_t loop = 0; loop < options.loops && code == exit_complete; ++loop) {
        if (loop > 0) opened = CaptureFile::open(options.file);
        if (const auto* failure = std::get_if<Failure>(&opened)) {
            say(*failure);
            code = exit_partial;
            break;
        }
        code = push_all(std::get<CaptureFile>(opened), meter, progress, pushed);
    }
    meter.scheduler.stop();
    progress.clear();
    return finish(meter, options, {.seconds = watch.seconds()}, code);
}

// ---- an interface: read by the stage rx ----

int run_live(const FlowOptions& options) {
    static Meter<LiveLine> meter;
    auto opened = LiveCapture::open(options.interface);
    if (const auto* failure = std::get_if<Failure>(&opened)) return say(*failure);
    auto& capture = std::get<LiveCapture>(opened);
    const Status s = meter.start([&](auto& scheduler) {
        auto& rx = scheduler.template state<LiveLine, "rx">();
        rx.capture = &capture;
        rx.frames = meter.frames();
    });
    if (!s.ok()) return say(s);
    fmt::print(stderr, "stator flow: listening on {}; ctrl-c ends it and prints the report\n",
               options.interface);
    const Stopwatch watch;
    ProgressLine progress;
    const auto& rx = meter.scheduler.state<LiveLine, "rx">();
    while (!stopped() && !rx.has_ended.load(std::memory_order_acquire)) {  // L1
        const timespec tick{.tv_sec = 0, .tv_nsec = 100'000'000};
        nanosleep(&tick, nullptr);  // a signal ends it early
        progress.show(meter.scheduler.report<LiveLine>().items);
    }
    meter.scheduler.stop();
    progress.clear();
    const int code =
        rx.has_ended.load(std::memory_order_acquire) ? say(capture.failure()) : 0;  // L1
    return finish(meter, options, {.seconds = watch.seconds(), .dropped = capture.drops().all()},
                  code);
}

}  // namespace

int run_flow(const FlowOptions& options) {
    if (options.loops > 1 && options.file == "-")
        return say(Failure{.exit_code = exit_nothing,
                           .message = "standard input can be read once only; leave --loop out, or "
                                      "give a file"});
    stop_on_signals();
    return options.interface.empty() ? run_file(options) : run_live(options);
}

}  // namespace stator::flowmeter
