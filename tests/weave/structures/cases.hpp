// tests/weave/structures/cases.hpp - the list of all that is played on Stator's own structures.
#pragma once
#include <vector>

#include <weave/weave.hpp>

namespace stator::test {

// One model around a shipped structure.
struct Case {
    const char* structure;   // what is played, the header's name
    const char* name;        // the promise that it shows
    const char* invariants;  // by their names in the tables of README.md
    weave::Options options;  // of the default test run
    weave::Report (*explore)(const weave::Options& options);
};

[[nodiscard]] inline std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

// Puts a case on the list, before main.
struct Played {
    explicit Played(const Case& one) { cases().push_back(one); }
};

template <typename Model, auto... bodies>
[[nodiscard]] weave::Report play(const weave::Options& options) {
    return weave::explore<Model>(options, bodies...);
}

}  // namespace stator::test
