// platform/cpu_set.hpp - a set of cpu numbers, written and read in the kernel's syntax: `0-3,8`.
//
// Numbers are the kernel's own and may be sparse. The set is plain data: it can be a constant of a
// board, and it is compared and printed the way `/sys/devices/system/cpu/online` prints it.
// Source: Documentation/core-api/cpu-lists in the kernel, `cpuset(7)`, section "List format".
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stator::platform {

class CpuSet {
public:
    // One more than the highest cpu number that a set can hold.
    static constexpr int limit = 1024;

    constexpr CpuSet() = default;

    // Adds `cpu`, 0 <= cpu < limit. Any other number is ignored: `contains` stays false.
    constexpr void add(int cpu) {
        if (in_range(cpu)) words_[word(cpu)] |= bit(cpu);
    }
    constexpr void remove(int cpu) {
        if (in_range(cpu)) words_[word(cpu)] &= ~bit(cpu);
    }
    [[nodiscard]] constexpr bool contains(int cpu) const {
        return in_range(cpu) && (words_[word(cpu)] & bit(cpu)) != 0;
    }
    [[nodiscard]] constexpr int count() const {
        int n = 0;
        for (const std::uint64_t w : words_) n += std::popcount(w);
        return n;
    }
    [[nodiscard]] constexpr bool empty() const { return count() == 0; }

    // The lowest member that is at least `from`, or -1. `for (c = s.next(0); c >= 0; c = s.next(c +
    // 1))`
    [[nodiscard]] constexpr int next(int from) const {
        for (int cpu = from < 0 ? 0 : from; cpu < limit; ++cpu) {
            const std::uint64_t rest = words_[word(cpu)] >> (static_cast<unsigned>(cpu) % 64);
            if (rest != 0) return cpu + std::countr_zero(rest);
            cpu |= 63;  // nothing left in this word: go on with the next one
        }
        return -1;
    }
    [[nodiscard]] constexpr int first() const { return next(0); }

    [[nodiscard]] constexpr CpuSet operator|(const CpuSet& other) const {
        CpuSet r = *this;
        for (std::size_t i = 0; i < r.words_.size(); ++i) r.words_[i] |= other.words_[i];
        return r;
    }
    [[nodiscard]] constexpr CpuSet operator&(const CpuSet& other) const {
        CpuSet r = *this;
        for (std::size_t i = 0; i < r.words_.size(); ++i) r.words_[i] &= other.words_[i];
        return r;
    }
    // Members of this set that are not in `other`.
    [[nodiscard]] constexpr CpuSet without(const CpuSet& other) const {
        CpuSet r = *this;
        for (std::size_t i = 0; i < r.words_.size(); ++i) r.words_[i] &= ~other.words_[i];
        return r;
    }
    constexpr bool operator==(const CpuSet&) const = default;

    // Reads `0-3,8`. Nothing where the text is not such a list (a sign, a space, a range that runs
    // backwards, a number of `limit` or more); the empty text is the empty set.
    [[nodiscard]] static constexpr std::optional<CpuSet> parse(std::string_view text) {
        CpuSet set;
        std::size_t at = 0;
        while (at < text.size()) {
            const std::optional<int> low = number(text, at);
            if (!low) return std::nullopt;
            std::optional<int> high = low;
            if (at < text.size() && text[at] == '-') {
                ++at;
                high = number(text, at);
            }
            if (!high || *high < *low) return std::nullopt;
            for (int cpu = *low; cpu <= *high; ++cpu) set.add(cpu);
            if (at == text.size()) break;
            if (text[at] != ',' || ++at == text.size()) return std::nullopt;
        }
        return set;
    }

    // For sentences: `one` where the set is of one cpu. `word`: "cpu 3", "cpus 0-3,8". Allocates.
    [[nodiscard]] std::string agree(const char* one, const char* many) const {
        return count() == 1 ? one : many;
    }
    [[nodiscard]] std::string word() const { return agree("cpu ", "cpus ") + text(); }

    // The list in the kernel's syntax; "" for the empty set. Allocates.
    [[nodiscard]] std::string text() const {
        std::string out;
        for (int low = first(); low >= 0;) {
            int high = low;
            while (contains(high + 1)) ++high;
            if (!out.empty()) out += ',';
            out += std::to_string(low);
            if (high > low) out += '-' + std::to_string(high);
            low = next(high + 1);
        }
        return out;
    }

private:
    static constexpr bool in_range(int cpu) { return 0 <= cpu && cpu < limit; }
    static constexpr std::size_t word(int cpu) { return static_cast<std::size_t>(cpu) / 64; }
    static constexpr std::uint64_t bit(int cpu) {
        return std::uint64_t{1} << (static_cast<unsigned>(cpu) % 64);
    }
    static constexpr std::optional<int> number(std::string_view text, std::size_t& at) {
        int value = 0;
        const std::size_t begin = at;
        while (at < text.size() && '0' <= text[at] && text[at] <= '9') {
            value = value * 10 + (text[at++] - '0');
            if (value >= limit) return std::nullopt;
        }
        if (at == begin) return std::nullopt;
        return value;
    }

    std::array<std::uint64_t, limit / 64> words_{};
};

// A set written in a board: `cpus("0-3,8")`. A text that is no list does not compile.
consteval CpuSet cpus(std::string_view text) {
    return CpuSet::parse(text).value();  // a bad list: write it as `0-3,8`
}

}  // namespace stator::platform
