// tools/metrics/samples.hpp - labels, and the samples of one family of metrics.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "top/latency_counts.hpp"

namespace stator::metrics {

// What tells one series of a family from the others: name="value", ...
class Labels {
public:
    [[nodiscard]] Labels with(std::string_view name, std::string_view value) const;
    [[nodiscard]] Labels with(std::string_view name, std::int64_t value) const;
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

// Gathers the samples of one family; of two with the same labels the first is kept.
class Samples {
public:
    explicit Samples(std::string_view family) : family_(family) {}

    void add(const Labels& labels, std::uint64_t value);
    void add_seconds(const Labels& labels, std::uint64_t ns);
    void add_histogram(const Labels& labels, const top::LatencyCounts& counts);

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    [[nodiscard]] bool is_new(const Labels& labels);
    void put(std::string_view suffix, const Labels& labels, std::string_view value);

    std::string_view family_;
    std::string text_;
    std::set<std::string> seen_;  // labels
};

}  // namespace stator::metrics
