// core/shutdown.hpp - how a scheduler is told to end, and what it answers.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include <stator/core/report.hpp>

namespace stator {

enum class Ending : std::uint8_t {
    drain,   // nothing new is accepted; everything that was accepted is handled
    cancel,  // tasks that have not begun are dropped, with their cleanup, and counted; those that
             // run are waited for; pipelines handle what they have accepted
    abort,   // as cancel, for those that do not want to wait: give it a short deadline
};

struct Shutdown {
    static constexpr std::chrono::nanoseconds for_ever{-1};

    Ending how = Ending::drain;
    // How long the call waits, from now on; 0: not at all. What has begun goes on afterwards.
    std::chrono::nanoseconds deadline = for_ever;
};

enum class Ended : std::uint8_t {
    done,         // no thread is left
    late,         // the deadline has passed, and some still work: see still_running
    begun,        // the caller is a worker of the scheduler: it goes on without waiting
    not_running,  // it has never been started
    forked,       // this process is a child of the one that started it
};

[[nodiscard]] constexpr std::string_view text(Ended ended) {
    switch (ended) {
        case Ended::done:
            return "done";
        case Ended::late:
            return "late";
        case Ended::begun:
            return "begun";
        case Ended::not_running:
            return "not_running";
        case Ended::forked:
            return "forked";
    }
    return "";
}

// accepted == executed + failed + cancelled + expired + open, and `open` is 0 when all is done.
struct ShutdownReport {
    Ended ended = Ended::not_running;
    std::uint64_t accepted = 0, executed = 0, failed = 0, cancelled = 0, expired = 0;
    std::uint64_t open = 0;                      // tasks that wait or run
    std::vector<RunningReport> still_running{};  // empty on a board without .registry
};

}  // namespace stator
