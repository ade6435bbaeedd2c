// tools/bench/report.hpp - the figures as text, with what we aim at, and as JSON.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bench/workload.hpp"

namespace stator::bench {

// A column of a workload in all its repetitions.
struct Result {
    const Workload* workload = nullptr;
    int workers = 1;
    std::string_view column;
    std::vector<double> ns;  // one for each repetition, up to the first wrong answer
    bool ok = true;          // all answers were right

    [[nodiscard]] double median() const;
    [[nodiscard]] double minimum() const;
};

struct Setting {
    Places places;
    int repetitions = 0;
    bool quick = false;
};

[[nodiscard]] std::string text_of(const Setting& setting, const std::vector<Result>& results);
[[nodiscard]] std::string json_of(const Setting& setting, const std::vector<Result>& results);

}  // namespace stator::bench
