// tools/bench/tally.cpp - seats for the threads that count, and waiting.
#include "bench/tally.hpp"

#include <array>
#include <thread>

#include <stator/platform/check.hpp>
#include <stator/platform/wait.hpp>

namespace stator::bench {
namespace {

std::array<Seat, 64> seats;  // two workers, the caller, and whom a library keeps alive
std::atomic<std::size_t> seats_used{0};

struct SeatUntilEnd {
    Seat* seat = nullptr;
    ~SeatUntilEnd() {
        if (seat != nullptr) seat->taken.store(false, std::memory_order::release);
    }
};

}  // namespace

Seat* take_seat() {
    static thread_local SeatUntilEnd mine;
    for (std::size_t i = 0; i < seats.size(); ++i) {
        if (seats[i].taken.exchange(true, std::memory_order::acq_rel)) continue;
        for (std::size_t used = seats_used.load();
             used <= i && !seats_used.compare_exchange_weak(used, i + 1);) {
        }
        return mine.seat = &seats[i];
    }
    platform::check(false, "more than 64 threads count tasks");
    return nullptr;
}

std::uint64_t counted() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < seats_used.load(); ++i)
        sum += seats[i].count.load(std::memory_order::relaxed);
    return sum;
}

bool Patience::wait() {
    if (load_.shares_cpu()) {
        platform::yield();
        return is_left(now());
    }
    const Instant begin = now();
    Instant at = begin;
    for (; at - begin < std::chrono::microseconds(5); at = now()) platform::relax();
    return is_left(at);
}

bool Patience::rest() {
    if (!load_.shares_cpu()) return wait();
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    return is_left(now());
}

bool wait_for_count(std::uint64_t total, const Load& load) {
    Patience patience(load);
    for (std::uint64_t before = 0;;) {
        const std::uint64_t done = counted();
        if (done >= total) return true;
        if (done != before) patience.renew();
        before = done;
        if (!patience.rest()) return false;
    }
}

bool Window::wait_for_more() {
    const bool has_patience = patience_.wait();
    const std::uint64_t done = counted();
    if (done == done_) return has_patience;
    done_ = done;
    patience_.renew();
    return true;
}

}  // namespace stator::bench
