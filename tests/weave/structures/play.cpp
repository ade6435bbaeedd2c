// tests/weave/structures/play.cpp - plays every case on the list, and says what it took.
//
// Exhaustively at its bounds (one more with STATOR_TESTS_LONG), then some thousand times without
// bounds, with random priorities.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "cases.hpp"

namespace stator::test {
namespace {

[[nodiscard]] bool is_long() {
    return std::getenv("STATOR_TESTS_LONG") != nullptr;
}

class Playing : public testing::Test {
public:
    explicit Playing(const Case& one) : case_(one) {}
    void TestBody() override {
        weave::Options options = case_.options;
        if (is_long()) {
            for (unsigned* bound : {&options.preemptions, &options.stale_reads, &options.together})
                *bound += *bound == weave::all ? 0 : 1;
            options.seconds = 6 * 3600;
        }
        const weave::Report report = case_.explore(options);
        std::string bound = std::to_string(options.preemptions) + "/";
        bound += options.stale_reads == weave::all ? "all" : std::to_string(options.stale_reads);
        if (options.together != weave::all) bound += " = " + std::to_string(options.together);
        std::printf("| `%s` | %s | %s | %s | %llu | %.2f |\n", case_.structure, case_.name,
                    case_.invariants, bound.c_str(),
                    static_cast<unsigned long long>(report.executions), report.seconds);
        EXPECT_TRUE(report.complete) << report.text();
        go_beyond(options);
    }
    // Deeper than the bounds, here and there.
    void go_beyond(weave::Options options) const {
        options.search = weave::Search::pct;
        options.depth = 5;
        options.executions = is_long() ? 1'000'000 : 2'000;
        options.stale_reads = options.together = weave::all;
        options.preemptions = 20;  // without a bound a loop could be disturbed for ever
        const weave::Report report = case_.explore(options);
        EXPECT_FALSE(report.failed) << report.text();
    }

private:
    const Case& case_;
};

}  // namespace
}  // namespace stator::test

int main(int count, char** arguments) {
    testing::InitGoogleTest(&count, arguments);
    for (const auto& one : stator::test::cases())
        testing::RegisterTest(
            (std::string("weave_") + one.structure).c_str(), one.name, nullptr, nullptr, __FILE__,
            __LINE__, [&one]() -> testing::Test* { return new stator::test::Playing(one); });
    return RUN_ALL_TESTS();
}
