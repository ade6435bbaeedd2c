// platform/thread.hpp - a thread that is pinned and named, on a stack that it is given; and its
// join.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <pthread.h>

#include <stator/platform/cpu_set.hpp>
#include <stator/platform/status.hpp>

namespace stator::platform {

struct ThreadPlace {
    std::string_view name;       // 1 to 15 characters, shown by `ps -L` and `top -H`
    CpuSet cpus;                 // where it may run: one cpu for a worker
    int fifo_priority = 0;       // 0: SCHED_OTHER, else SCHED_FIFO with this priority, 1..99
    std::byte* stack = nullptr;  // lowest byte that may be used; the guard lies below
    std::size_t stack_bytes = 0;
};

// One joinable thread. Not copyable; the object outlives the thread. All calls from one thread.
class PinnedThread {
public:
    PinnedThread() = default;
    ~PinnedThread();
    PinnedThread(const PinnedThread&) = delete;
    PinnedThread& operator=(const PinnedThread&) = delete;

    // Starts `body(argument)` on its cpu, with every signal blocked: handlers run on the caller's
    // threads. The affinity is in force before the first instruction. On refusal (no such cpu,
    // cpuset, priority, thread limit) nothing is left behind. Leaves the caller's affinity and
    // signals alone.
    Status start(const ThreadPlace& place, void (*body)(void*), void* argument);

    // Waits until the body has returned. Nothing to do when it was never started, or was joined.
    void join();

private:
    pthread_t thread_{};
    bool running_ = false;
    void (*body_)(void*) = nullptr;
    void* argument_ = nullptr;

    static void* enter(void* self);
};

// The cpu that the calling thread runs on now, or -1. Source: sched_getcpu(3).
[[nodiscard]] int current_cpu();

namespace detail {
extern constinit thread_local void* owner;
}

// Whose thread this is: nullptr, until the thread itself says so, and in a child of fork(2) once
// platform/fork watches for it. How a call finds out that it comes from a worker, and from which.
// The one thread-local variable of the house, besides the membership in platform/rcu.
[[nodiscard]] inline void* owner_of_this_thread() {
    return detail::owner;
}
inline void set_owner_of_this_thread(void* owner) {
    detail::owner = owner;
}

// An address in the calling function's frame: how much of a stack is used.
[[nodiscard, gnu::always_inline]] inline const std::byte* stack_address() {
    return static_cast<const std::byte*>(__builtin_frame_address(0));
}

// The kernel's number of the calling thread. Source: gettid(2).
[[nodiscard]] int this_thread_id();

// Page faults of the calling thread so far, minor and major. Source: getrusage(2), RUSAGE_THREAD.
[[nodiscard]] std::uint64_t faults_of_this_thread();

// The cpus that the calling thread may run on.
[[nodiscard]] CpuSet affinity_of_this_thread();

}  // namespace stator::platform
