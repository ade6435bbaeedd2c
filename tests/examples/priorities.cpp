// tests/examples/priorities.cpp - urgent tasks first, late ones never, and each is cleaned up.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <stop_token>

#include <stator/board.hpp>
#include <stator/core/scheduler.hpp>

using namespace std::chrono_literals;

constexpr stator::Board board = [] {  // that of this machine, with three priorities
    stator::Board b = stator::board;
    b.pool.priorities = 3;  // 0 is the lowest
    b.pool.usual_priority = 1;
    return b;
}();
static stator::Scheduler<board> scheduler;

static std::atomic<int> in_use{0};
void release(void*) noexcept {  // run, late or cancelled: called once for each
    --in_use;
}

int main() {
    if (const auto s = scheduler.start(); !s.ok()) return std::puts(s.text().c_str()), 3;
    const stator::Cleanup free{release, nullptr};
    std::stop_source history;
    history.request_stop();  // nobody wants it any more
    in_use = 3;
    const auto print = [](const char* what) { return [what] { std::puts(what); }; };
    const bool all_accepted =
        scheduler.submit({.priority = 2, .cleanup = free}, print("alarm")) ==
            stator::Submit::accepted &&
        scheduler.submit({.deadline = 1h, .cleanup = free}, print("reading")) ==
            stator::Submit::accepted &&  // it would be dropped if it had not begun in an hour
        scheduler.submit({.priority = 0, .stop = history.get_token(), .cleanup = free},
                         print("history")) == stator::Submit::accepted;
    const stator::ShutdownReport r = scheduler.shutdown();  // runs what was accepted
    std::printf("%d run, %d cancelled, %d in use\n", static_cast<int>(r.executed),
                static_cast<int>(r.cancelled), in_use.load());
    return all_accepted ? 0 : 1;
}
