// platform/fork.hpp - whether this process is a child of the one that we began in.
//
// A child of fork(2) has the caller's thread and no other, so nothing of ours can go on in it.
// Source: pthread_atfork(3).
#pragma once
#include <atomic>
#include <cstdint>

namespace stator::platform {

namespace detail {
extern constinit std::atomic<std::uint32_t> forks;
}

// How often fork(2) lies between this process and the one that called it first. Counts from the
// first call of `watch_forks` on; vfork and raw clone calls are not seen. Any thread.
[[nodiscard]] inline std::uint32_t forks() {
    return detail::forks.load(
        std::memory_order::relaxed);  // written while the child has one thread
}

// Begins to count; from now on a child's thread belongs to nobody (platform/thread.hpp), as what it
// belonged to may not be there. Any thread, any number of times.
void watch_forks();

}  // namespace stator::platform
