// tools/top/latency_counts.hpp - how many values of a histogram are at most so large, for fixed
// bounds.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <stator/core/counter.hpp>
#include <stator/core/histogram.hpp>
#include <stator/platform/clock.hpp>

namespace stator::top {

// 100 ns to 10 s in steps of 1, 2.5 and 5.
inline constexpr std::array<std::uint64_t, 25> latency_bounds_ns = [] {
    std::array<std::uint64_t, 25> bounds{};
    std::uint64_t decade = 100;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        bounds[i] = i % 3 == 0 ? decade : i % 3 == 1 ? decade * 5 / 2 : decade * 5;
        if (i % 3 == 2) decade *= 10;
    }
    return bounds;
}();
static_assert(latency_bounds_ns.back() == 10'000'000'000);

struct LatencyCounts {
    std::array<std::uint64_t, latency_bounds_ns.size()> up_to{};  // at most each of the bounds
    std::uint64_t all = 0;

    // Every value counts as the end of its bucket there: at most 6.25 % more than it was.
    static LatencyCounts of(const Histogram& cycles, platform::Clock clock) {
        // The histogram begins with its buckets.
        static_assert(std::is_standard_layout_v<Histogram> &&
                      sizeof(Histogram) == (Histogram::buckets + 1) * sizeof(Counter));
        const auto* buckets = reinterpret_cast<const Counter*>(&cycles);
        LatencyCounts counts;
        std::size_t bound = 0;
        for (std::size_t i = 0; i < Histogram::buckets; ++i) {
            const double ns = static_cast<double>(Histogram::last_of(i)) / clock.cycles_per_ns;
            while (bound < counts.up_to.size() &&
                   ns > static_cast<double>(latency_bounds_ns[bound]))
                counts.up_to[bound++] = counts.all;
            counts.all += buckets[i].value();
        }
        while (bound < counts.up_to.size()) counts.up_to[bound++] = counts.all;
        return counts;
    }
};

}  // namespace stator::top
