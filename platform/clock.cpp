// platform/clock.cpp - the calibration of the cycle counter.
#include <stator/platform/clock.hpp>

#include <time.h>

namespace stator::platform {
namespace {

std::uint64_t read(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(t.tv_nsec);
}

#if defined(__aarch64__)
Clock measure() {  // the processor says how fast its counter is
    std::uint64_t hz = 0;
    asm volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    return {.cycles_per_ns = static_cast<double>(hz) / 1e9};
}
#else
struct Reading {
    std::uint64_t ns = 0, cycles = 0;
};

// The tightest of several readings of both clocks: an interrupt in between is not believed.
Reading read_both() {
    Reading best;
    std::uint64_t best_gap = UINT64_MAX;
    for (int i = 0; i < 16; ++i) {
        const std::uint64_t before = cycles();
        const std::uint64_t ns = read(CLOCK_MONOTONIC_RAW);
        const std::uint64_t gap = cycles() - before;
        if (gap < best_gap) {
            best_gap = gap;
            best = {.ns = ns, .cycles = before + gap / 2};
        }
    }
    return best;
}

Clock measure() {
    constexpr std::uint64_t window_ns = 5'000'000;
    const Reading begin = read_both();
    Reading end = begin;
    while (end.ns - begin.ns < window_ns) end = read_both();
    return {.cycles_per_ns = static_cast<double>(end.cycles - begin.cycles) /
                             static_cast<double>(end.ns - begin.ns)};
}
#endif

}  // namespace

Clock calibrate() {
    static const Clock clock = measure();
    return clock;
}

std::uint64_t monotonic_ns() {
    return read(CLOCK_MONOTONIC);
}

}  // namespace stator::platform
