// platform/fork.cpp - counts forks in the child, and makes its thread its own.
#include <stator/platform/fork.hpp>

#include <atomic>

#include <pthread.h>

#include <stator/platform/thread.hpp>

namespace stator::platform {

constinit std::atomic<std::uint32_t> detail::forks{0};

void watch_forks() {
    static const int refused = pthread_atfork(nullptr, nullptr, [] {
        (void)detail::forks.fetch_add(1, std::memory_order::relaxed);  // the child has one thread
        set_owner_of_this_thread(nullptr);
    });
    (void)refused;  // only for want of memory; then children are not told apart
}

}  // namespace stator::platform
