// core/grace.hpp - the thread that waits for grace periods, and gives segments back after them.
//
//    round:  collect what is retired in every inbox -> one grace period for all -> grant
//            no inbox is low                        -> announce, look again, sleep: no time-out
//
// Timers of the pool run off here too, as this thread is on housekeeping and mostly asleep.
//
// It sleeps on housekeeping while there are segments enough: whoever opens, retires or misses a
// segment when few are left wakes it (core/inbox.hpp). It is no reader, so it waits for itself
// never, and it is the only thread that waits for a period.
//
// Threads    run: its own. stop: any. add: before it runs.
// Edges      H1  stop releases stopping_ -> run acquires it
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/figures.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/wait_word.hpp>

namespace stator {

// An inbox as the grace thread sees it.
struct GraceSource {
    void* inbox = nullptr;
    bool (*wants_a_period)(void* inbox) = nullptr;
    std::uint32_t (*collect)(void* inbox) = nullptr;
    std::size_t (*grant)(void* inbox, std::uint32_t first) = nullptr;  // how many
};

template <typename IntakeT>
[[nodiscard]] GraceSource grace_source(IntakeT& intake) {
    return {.inbox = &intake,
            .wants_a_period = [](void* i) { return static_cast<IntakeT*>(i)->wants_a_period(); },
            .collect = [](void* i) { return static_cast<IntakeT*>(i)->collect(); },
            .grant = [](void* i,
                        std::uint32_t first) { return static_cast<IntakeT*>(i)->grant(first); }};
}

// Something that is done once a timer has run off.
struct GraceTimer {
    void* context = nullptr;
    void (*due)(void* context) = nullptr;
};

class GraceThread {
    using enum std::memory_order;

public:
    static constexpr std::size_t sources_max = 64;  // nodes
    static constexpr std::size_t timers_max = sync::WakeDescriptor::others_max;

    explicit GraceThread(GraceFigures& figures) : figures_(&figures) {}

    void add(const GraceSource& source);
    // The timer, which any thread may start; as long as this object lives. At most timers_max.
    [[nodiscard]] sync::OneShotTimer* add(const GraceTimer& timer);
    // Takes what waiting for timers needs from the system. False: the process has no file
    // descriptor left. Before it runs.
    [[nodiscard]] bool prepare();

    // The thread's body. `self` is a GraceThread. Returns after `stop`.
    static void enter(void* self) { static_cast<GraceThread*>(self)->run(); }
    // What it has collected is still given back. After the last reader has left.
    void stop();

    // Wakes it. Any thread.
    WaitWord word;

private:
    void run();
    [[nodiscard]] bool is_wanted() const;
    void one_period();
    void sleep();
    void look_at_timers();

    GraceFigures* figures_;
    std::array<GraceSource, sources_max> sources_{};
    std::array<std::uint32_t, sources_max> collected_{};
    std::size_t count_ = 0;
    std::array<GraceTimer, timers_max> timer_users_{};
    std::array<sync::OneShotTimer, timers_max> timers_{};
    std::size_t timer_count_ = 0;
    sync::atomic<bool> stopping_{false};
};

}  // namespace stator
