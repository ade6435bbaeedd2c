// core/histogram.hpp - how long things took: a static log-linear histogram, one writer, any reader.
//
// Values of 0..15 have a bucket each; above, every power of two is cut into 16 equal buckets, so
// that a bucket is at most 1/16 of its value wide. A percentile is answered with its bucket's upper
// end (never less than the truth, at most 6.25 % more), and the largest value exactly.
//
// Source     the layout is that of HdrHistogram with 4 bits of precision.
// Memory     976 buckets * 8 = 7,808 bytes and a maximum, inside the object.
// Threads    record: one thread. The rest: any; an estimate while the writer runs.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <stator/core/counter.hpp>

namespace stator {

class Histogram {
public:
    static constexpr unsigned precision_bits = 4;
    static constexpr std::size_t per_power = std::size_t{1} << precision_bits;
    static constexpr std::size_t buckets = (64 - precision_bits + 1) * per_power;

    // Counts one value of any unit, 0..2^64-1. The writer only; wait-free, about 2 ns.
    void record(std::uint64_t value) {
        buckets_[bucket_of(value)].add();
        max_.raise_to(value);
    }

    [[nodiscard]] std::uint64_t count() const {
        std::uint64_t n = 0;
        for (const Counter& bucket : buckets_) n += bucket.value();
        return n;
    }
    [[nodiscard]] std::uint64_t max() const { return max_.value(); }

    // The value that `share` of all records do not exceed, 0 < share <= 1; 0 when there are none.
    [[nodiscard]] std::uint64_t percentile(double share) const {
        const std::uint64_t all = count();
        if (all == 0) return 0;
        const double wanted = share * static_cast<double>(all);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets; ++i) {
            seen += buckets_[i].value();
            if (static_cast<double>(seen) >= wanted) return std::min(last_of(i), max());
        }
        return max();
    }

    // The bucket that counts `value`, 0..buckets-1.
    [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) {
        if (value < per_power) return static_cast<std::size_t>(value);
        const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - precision_bits;
        return (shift + 1) * per_power + static_cast<std::size_t>((value >> shift) - per_power);
    }
    // The largest value that bucket `i` counts.
    [[nodiscard]] static constexpr std::uint64_t last_of(std::size_t i) {
        if (i < per_power) return i;
        const std::size_t shift = i / per_power - 1;
        const std::uint64_t first = (std::uint64_t{per_power} + i % per_power) << shift;
        return first + ((std::uint64_t{1} << shift) - 1);
    }

private:
    std::array<Counter, buckets> buckets_{};
    Counter max_;
};

}  // namespace stator
