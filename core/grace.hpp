// core/grace.hpp - the thread that waits for grace periods, and gives segments back after them.
//
//    round:  collect what is retired in every inbox -> one grace period for all -> grant
//            no inbox is low                        -> announce, look again, sleep: no time-out
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

template <typename InboxT>
[[nodiscard]] GraceSource grace_source(InboxT& inbox) {
    return {
        .inbox = &inbox,
        .wants_a_period = [](void* i) { return static_cast<InboxT*>(i)->wants_a_period(); },
        .collect = [](void* i) { return static_cast<InboxT*>(i)->stock().collect(); },
        .grant = [](void* i,
                    std::uint32_t first) { return static_cast<InboxT*>(i)->stock().grant(first); }};
}

class GraceThread {
    using enum std::memory_order;

public:
    static constexpr std::size_t sources_max = 64;  // nodes

    explicit GraceThread(GraceFigures& figures) : figures_(&figures) {}

    void add(const GraceSource& source);

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

    GraceFigures* figures_;
    std::array<GraceSource, sources_max> sources_{};
    std::array<std::uint32_t, sources_max> collected_{};
    std::size_t count_ = 0;
    sync::atomic<bool> stopping_{false};
};

}  // namespace stator
