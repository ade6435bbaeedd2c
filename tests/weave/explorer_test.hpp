// tests/weave/explorer_test.hpp - what the explorer's own tests share: to run a model, and to
// collect what can come of it.
//
// A model tells its threads itself:
//
//    static constexpr auto threads() { return std::array{&Model::writer, &Model::reader}; }
#pragma once
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weave/weave.hpp>

namespace weave {

template <typename Model>
Report play(const Options& options = {}) {
    return std::apply([&](auto... bodies) { return explore<Model>(options, bodies...); },
                      Model::threads());
}

// A model whose `std::string outcome()` is asked in the end.
template <typename Model>
struct Observed : Model {
    static inline std::uint64_t runs = 0;
    static inline std::vector<std::pair<std::uint64_t, std::string>> seen{};  // in which run what
    Observed() { ++runs; }
    void finish() { seen.emplace_back(runs, this->outcome()); }
};

struct Outcomes {
    std::set<std::string> all;
    Report report;
};

// What can come of a model. Counted are only the executions that the search itself has made, not
// those by dice that come before it: what it leaves out must be missed.
template <typename Model>
Outcomes outcomes(const Options& options = {}) {
    using Played = Observed<Model>;
    Played::runs = 0;
    Played::seen.clear();
    Outcomes result{.all = {}, .report = play<Played>(options)};
    for (const auto& [run, outcome] : Played::seen)
        if (run + result.report.executions > Played::runs) result.all.insert(outcome);
    return result;
}

// For outcomes: one digit for each.
[[nodiscard]] inline std::string digits(std::initializer_list<int> numbers) {
    std::string text;
    for (const int number : numbers) text += static_cast<char>('0' + number);
    return text;
}

}  // namespace weave
