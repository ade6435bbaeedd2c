// tests/weave/litmus/litmus_test.cpp - the axioms, the table and the explorer agree on every row.
//
// usage: litmus_test [--table | --programs N] [options of gtest]
//   --table       prints the table in Markdown, and tests nothing
//   --programs N  tries N random programs of each mixture instead of 1000
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "axioms.hpp"
#include "explored.hpp"
#include "random_program.hpp"
#include "table.hpp"
#include "text.hpp"

namespace litmus {

// How gtest shows parameters.
static void PrintTo(const Row& row, std::ostream* out) {
    *out << to_text(row.program);
}
static void PrintTo(const Ingredients& ingredients, std::ostream* out) {
    *out << ingredients.name;
}

namespace {

using Outcomes = std::set<Outcome>;

std::string lines(const Program& program, const Outcomes& outcomes) {
    std::string text;
    for (const Outcome& outcome : outcomes) text += "\n    " + to_text(program, outcome);
    return text.empty() ? "\n    none" : text;
}

Outcomes difference(const Outcomes& all, const Outcomes& without) {
    Outcomes result;
    std::set_difference(all.begin(), all.end(), without.begin(), without.end(),
                        std::inserter(result, result.end()));
    return result;
}

Outcomes listed(const Row& row, std::initializer_list<Verdict> verdicts) {
    Outcomes result;
    for (const Judged& judged : row.judged)
        if (std::find(verdicts.begin(), verdicts.end(), judged.verdict) != verdicts.end())
            result.insert(judged.outcome);
    return result;
}

// What interleaving alone gives: with seq_cst everywhere.
Outcomes interleavings(const Program& program) {
    return outcomes(with_order(program, std::memory_order::seq_cst), Model::rc11);
}

void expect_explored(const Program& program, const Outcomes& expected) {
    const Explored explored = explore(program);
    EXPECT_TRUE(explored.complete) << explored.what;
    EXPECT_EQ(explored.outcomes, expected)
        << "shown by the explorer alone:" << lines(program, difference(explored.outcomes, expected))
        << "\nby the axioms alone:" << lines(program, difference(expected, explored.outcomes));
}

// ---- The table ----

class litmus : public testing::TestWithParam<Row> {};

// A row lists all that weak orders could add to interleaving, each outcome once, and no outcome
// that interleaving gives.
TEST_P(litmus, row_is_complete) {
    const Row& row = GetParam();
    Outcomes seen;
    for (const Judged& judged : row.judged) {
        EXPECT_EQ(judged.outcome.size(), count_registers(row.program) + row.program.finals.size());
        EXPECT_TRUE(seen.insert(judged.outcome).second)
            << "listed twice: " << to_text(row.program, judged.outcome);
    }
    const Outcomes plain = interleavings(row.program);
    EXPECT_EQ(difference(seen, plain), seen) << "interleaving gives one that is listed";
    const Outcomes weakest =
        outcomes(with_order(row.program, std::memory_order::relaxed), Model::cpp20);
    const Outcomes missing = difference(difference(weakest, plain), seen);
    EXPECT_TRUE(missing.empty()) << "not listed:" << lines(row.program, missing);
}

// RC11 allows what interleaving gives and what the row says, and nothing else.
TEST_P(litmus, axioms_agree_with_table) {
    const Row& row = GetParam();
    Outcomes expected = interleavings(row.program);
    expected.merge(
        listed(row, {Verdict::allowed, Verdict::missed, Verdict::weaker, Verdict::rc11_alone}));
    const Outcomes allowed = outcomes(row.program, Model::rc11);
    EXPECT_EQ(allowed, expected) << "allowed by the axioms alone:"
                                 << lines(row.program, difference(allowed, expected))
                                 << "\nby the table alone:"
                                 << lines(row.program, difference(expected, allowed));
}

// So does C++20, save for the outcomes that the row names.
TEST_P(litmus, standard_agrees_with_table) {
    const Row& row = GetParam();
    Outcomes expected = interleavings(row.program);
    expected.merge(listed(row, {Verdict::allowed, Verdict::missed, Verdict::stricter}));
    const Outcomes allowed = outcomes(row.program, Model::cpp20);
    EXPECT_EQ(allowed, expected) << "allowed by C++20 alone:"
                                 << lines(row.program, difference(allowed, expected))
                                 << "\nby the table alone:"
                                 << lines(row.program, difference(expected, allowed));
}

// The explorer shows what RC11 allows, exactly, save for the outcomes that the row says it misses.
TEST_P(litmus, explorer_agrees_with_axioms) {
    const Row& row = GetParam();
    const Outcomes expected = difference(outcomes(row.program, Model::rc11),
                                         listed(row, {Verdict::missed, Verdict::rc11_alone}));
    expect_explored(row.program, expected);
    EXPECT_EQ(outcomes(row.program, Model::explorer), expected)
        << "the axioms of what an explorer can show do not account for what it misses";
}

INSTANTIATE_TEST_SUITE_P(, litmus, testing::ValuesIn(rows()),
                         [](const auto& tested) { return std::string(tested.param.name); });

// ---- Programs that nobody has thought of ----

constexpr Ingredients mixtures[] = {
    {.name = "weak"},
    {.name = "seq_cst_fences", .seq_cst_fences = true},
    {.name = "seq_cst", .seq_cst_fences = true, .seq_cst_accesses = true},
    {.name = "changes", .changes = true},
    {.name = "everything", .seq_cst_fences = true, .seq_cst_accesses = true, .changes = true},
};
std::uint32_t programs_of_a_mixture = 1000;

class litmus_random : public testing::TestWithParam<Ingredients> {};

// The explorer shows all that an explorer can show of RC11, and nothing else. Without changes and
// seq_cst that is all of RC11.
TEST_P(litmus_random, explorer_agrees_with_axioms) {
    for (std::uint32_t seed = 0; seed < programs_of_a_mixture; ++seed) {
        const Program program = random_program(GetParam(), seed);
        SCOPED_TRACE("seed " + std::to_string(seed) + ": " + to_text(program));
        const Outcomes expected = outcomes(program, Model::explorer);
        expect_explored(program, expected);
        const Outcomes missed = difference(outcomes(program, Model::rc11), expected);
        const bool all_of_rc11 = std::string_view(GetParam().name) == "weak";
        EXPECT_TRUE(missed.empty() || !all_of_rc11) << lines(program, missed);
        if (HasFailure()) return;  // one program is enough
    }
}

INSTANTIATE_TEST_SUITE_P(, litmus_random, testing::ValuesIn(mixtures),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace litmus

int main(int count, char** arguments) {
    if (count == 2 && std::string_view(arguments[1]) == "--table") {
        litmus::print_table(std::cout);
        return 0;
    }
    testing::InitGoogleTest(&count, arguments);
    if (count == 3 && std::string_view(arguments[1]) == "--programs")
        litmus::programs_of_a_mixture = static_cast<std::uint32_t>(std::stoul(arguments[2]));
    return RUN_ALL_TESTS();
}
