// tests/weave/mutants/mutants_test.cpp - every mutant of mutants.txt is found by some case.
//
// For each mutant all cases are played, the likeliest structure first, until one fails. A search
// plays few preemptions before many by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <mutants.hpp>
#include <stator/core/sync.hpp>
#include <structures/cases.hpp>

namespace stator::test {
namespace {

// What finding a mutant took.
struct Found {
    const Case* by = nullptr;
    weave::Report report;
    double seconds = 0;  // of all searches until then
};

// The structures whose cases play a file of core, the likeliest first.
[[nodiscard]] std::vector<std::string> structures_of(std::string_view file) {
    const std::size_t begin = file.rfind('/') + 1;
    const std::string name(file.substr(begin, file.rfind('.') - begin));
    if (name == "counter") return {"sequence_lock"};
    if (name == "grants") return {"grants", "inbox"};
    if (name == "segment_stock") return {"segment_stock", "intake", "inbox"};
    if (name == "inbox" || name == "grace") return {"inbox", "intake"};
    if (name == "intrusive_task") return {"task_queue"};
    if (name == "worker") return {"worker", "pipeline"};
    if (name == "own_tasks" || name == "task_supply" || name == "task_taker")
        return {"worker", "task_group"};
    if (name == "ports" || name == "cell") return {"pipeline"};
    return {name};
}

// One search, up to the case's own bounds. True: it has failed.
bool is_found(const Case& one, double seconds, Found& found) {
    weave::Options options = one.options;
    options.seconds = seconds;
    found.report = one.explore(options);
    found.seconds += found.report.seconds;
    if (found.report.failed) found.by = &one;
    return found.report.failed;
}

// Short searches before long ones: a small case finds at once what a large one hides.
[[nodiscard]] Found search(const Mutant& mutant) {
    Found found;
    std::vector<const Case*> list;
    for (const Case& one : cases()) list.push_back(&one);
    const std::vector<std::string> likely = structures_of(mutant.file);
    std::stable_sort(list.begin(), list.end(), [&](const Case* a, const Case* b) {
        return std::find(likely.begin(), likely.end(), a->structure) <
               std::find(likely.begin(), likely.end(), b->structure);
    });
    for (const double seconds : {0.1, 1.0, 60.0})
        for (const Case* one : list)
            if (is_found(*one, seconds, found)) return found;
    return found;
}

class Planted : public testing::Test {
public:
    explicit Planted(std::size_t number) : number_(number) {}
    void TestBody() override {
        const Mutant& mutant = mutants[number_ - 1];
        sync::planted = static_cast<int>(number_);
        const Found found = search(mutant);
        sync::planted = 0;
        std::printf("| %s | %s | %s | %llu | %.2f |\n", mutant.name, mutant.breaks,
                    found.by == nullptr ? "-" : found.by->name,
                    static_cast<unsigned long long>(found.report.executions), found.seconds);
        EXPECT_NE(found.by, nullptr)
            << mutant.name << ": no case finds it; write one, or say what the line is for";
    }

private:
    std::size_t number_;
};

class NothingPlanted : public testing::Test {
public:
    void TestBody() override {
        for (const Case& one : cases()) {
            weave::Options options = one.options;
            options.preemptions = std::min(options.preemptions, 1u);
            options.seconds = 5;
            const weave::Report report = one.explore(options);
            EXPECT_FALSE(report.failed) << one.name << ": " << report.text();
        }
    }
};

}  // namespace
}  // namespace stator::test

int main(int count, char** arguments) {
    using namespace stator::test;
    testing::InitGoogleTest(&count, arguments);
    testing::RegisterTest("mutant", "none_is_planted_and_all_cases_pass", nullptr, nullptr,
                          __FILE__, __LINE__,
                          []() -> testing::Test* { return new NothingPlanted; });
    for (std::size_t number = 1; number <= mutants.size(); ++number)
        testing::RegisterTest("mutant", mutants[number - 1].name, nullptr, nullptr, __FILE__,
                              __LINE__,
                              [number]() -> testing::Test* { return new Planted(number); });
    return RUN_ALL_TESTS();
}
