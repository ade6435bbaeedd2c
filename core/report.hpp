// core/report.hpp - what a scheduler has done so far, as plain values that a program can print.
//
// Reading allocates and takes some microseconds; it may be done while the workers run, from any
// thread but a worker. Figures of a running pipeline are estimates, each true at some time during
// the call.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <stator/core/histogram.hpp>
#include <stator/platform/clock.hpp>

namespace stator {

struct Latency {  // nanoseconds; at most 6.25 % above the truth, `max` exact
    std::uint64_t p50_ns = 0, p99_ns = 0, p999_ns = 0, max_ns = 0;

    static Latency of(const Histogram& cycles, platform::Clock clock) {
        return {.p50_ns = clock.to_ns(cycles.percentile(0.50)),
                .p99_ns = clock.to_ns(cycles.percentile(0.99)),
                .p999_ns = clock.to_ns(cycles.percentile(0.999)),
                .max_ns = clock.to_ns(cycles.max())};
    }
};

struct StageReport {
    std::string role;
    std::string worker;
    int cpu = -1;
    int node = -1;  // the kernel's number
    std::uint64_t items = 0, filtered = 0, failed = 0, late = 0;
    Latency latency;
};

struct LinkReport {
    std::string from, to;  // roles; from is "caller" for an input
    std::uint64_t accepted = 0, rejected = 0, dropped = 0;
};

struct LineReport {                   // one pipeline
    std::vector<StageReport> stages;  // in graph order
    std::vector<LinkReport> links;    // likewise
    std::uint64_t items = 0;          // that reached the sink
    std::uint64_t late = 0;
    Latency latency;  // end to end

    [[nodiscard]] std::uint64_t lost() const {  // by the links' policies
        std::uint64_t n = 0;
        for (const LinkReport& link : links) n += link.rejected + link.dropped;
        return n;
    }
};

struct WorkerReport {
    std::string name;
    int cpu = -1;
    std::uint64_t rounds = 0, idle_rounds = 0, sleeps = 0, faults = 0;
};

}  // namespace stator
