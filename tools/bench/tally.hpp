// tools/bench/tally.hpp - tasks that have run, counted by each thread on a line of its own; and the
// caller's waiting for them.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

#include <stator/platform/cpu.hpp>

#include "bench/workload.hpp"

namespace stator::bench {

using Instant = std::chrono::steady_clock::time_point;
[[nodiscard]] inline Instant now() {
    return std::chrono::steady_clock::now();
}
[[nodiscard]] inline double ns_between(Instant begin, Instant end) {
    return std::chrono::duration<double, std::nano>(end - begin).count();
}

struct alignas(platform::no_sharing_bytes) Seat {
    std::atomic<std::uint64_t> count{0};
    std::atomic<bool> taken{false};
};
inline constinit thread_local Seat* seat_of_this_thread = nullptr;
Seat* take_seat();  // until the thread ends

// The empty task of all columns: it takes less than a nanosecond, and shows that it has run.
inline void count_one(std::uintptr_t /*argument*/ = 0) {
    if (seat_of_this_thread == nullptr) [[unlikely]]
        seat_of_this_thread = take_seat();
    std::atomic<std::uint64_t>& count = seat_of_this_thread->count;  // only this thread writes it
    count.store(count.load(std::memory_order::relaxed) + 1, std::memory_order::relaxed);
}

// What all threads have counted since the program began.
[[nodiscard]] std::uint64_t counted();

// How the caller waits for workers, and when it gives up.
class Patience {
public:
    explicit Patience(const Load& load) : load_(load) {}

    // Lets a worker beside the caller run; else waits 5 us, as each look at a worker's count takes
    // its line away for some 130 ns. False: 10 seconds have passed since `renew`.
    [[nodiscard]] bool wait();
    // The same where the caller has nothing else to do: it leaves a shared cpu to the worker.
    [[nodiscard]] bool rest();
    void renew() { since_ = now(); }

private:
    [[nodiscard]] bool is_left(Instant at) const { return at - since_ < std::chrono::seconds(10); }

    const Load& load_;
    Instant since_ = now();
};

// Waits until all threads have counted to `total`. False: nothing has been counted for 10 seconds.
[[nodiscard]] bool wait_for_count(std::uint64_t total, const Load& load);

// Sees to it that at most 4096 tasks are under way.
inline constexpr std::uint64_t in_flight_max = 4096;
class Window {
public:
    explicit Window(const Load& load) : patience_(load), load_(load) {}

    [[nodiscard]] bool has_room(std::uint64_t tasks) const {
        return given_ + tasks - done_ <= in_flight_max;
    }
    void add(std::uint64_t tasks) { given_ += tasks; }
    // Where there was no room: waits a little, and looks what has been done. False: nothing has
    // been for 10 seconds.
    [[nodiscard]] bool wait_for_more();
    // Waits until all are done. False: nothing has been counted for 10 seconds.
    [[nodiscard]] bool drain() { return wait_for_count(given_, load_); }

private:
    Patience patience_;
    const Load& load_;
    std::uint64_t done_ = counted();
    std::uint64_t given_ = done_;
};

}  // namespace stator::bench
