// tests/weave/structures/play.cpp - plays every case on the list, and says what it took.
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
        std::printf("| %s | %s | %s | %u | %llu | %.2f |\n", case_.structure, case_.name,
                    case_.invariants, options.preemptions,
                    static_cast<unsigned long long>(report.executions), report.seconds);
        EXPECT_TRUE(report.complete) << report.text();
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
