// tests/weave/museum/exhibit.hpp - how an exhibit is shown: its broken form must fail, and the
// mended form, which differs only in what the fix changed, must not.
//
// A model is a struct with, besides its threads' bodies,
//
//    static constexpr auto threads() { return std::array{&Model::writer, &Model::reader}; }
//
// and is written as `template <bool mended> struct Model`, so that both forms share all lines but
// those. The test then is
//
//    museum::exhibit<Model<false>, Model<true>>({.preemptions = weave::all}, "the broken promise");
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <tuple>

#include <weave/weave.hpp>

namespace museum {

template <typename Model>
weave::Report explore(const weave::Options& bounds) {
    return std::apply([&](auto... bodies) { return weave::explore<Model>(bounds, bodies...); },
                      Model::threads());
}

// The bug is found, for the reason the exhibit names, and its replay shows the same again. Looked
// for without stale reads first: a bug that needs no weak order is shown without.
template <typename Broken>
weave::Report expect_found(weave::Options bounds, const std::string& reason) {
    bounds.seconds = 10;
    bounds.preemptions = std::min(bounds.preemptions, 4U);  // few first: the trace is short
    const unsigned stale_reads = bounds.stale_reads;
    bounds.stale_reads = 0;
    weave::Report report = explore<Broken>(bounds);
    const bool by_order_alone = report.failed;
    bounds.stale_reads = stale_reads;
    if (!by_order_alone) report = explore<Broken>(bounds);

    EXPECT_TRUE(report.failed) << "not found in " << report.executions << " executions";
    if (!report.failed) return report;
    EXPECT_NE(report.what.find(reason), std::string::npos) << report.what << '\n' << report.trace;
    std::printf("%s\n%s%s\n", report.what.c_str(), report.trace.c_str(),
                by_order_alone ? "" : "(not found without stale reads)\n");

    bounds.replay = report.replay;
    const weave::Report again = explore<Broken>(bounds);
    EXPECT_EQ(again.what, report.what);
    EXPECT_EQ(again.trace, report.trace);
    return report;
}

// Nothing is found in the whole space within the bounds.
template <typename Mended>
weave::Report expect_sound(const weave::Options& bounds) {
    const weave::Report report = explore<Mended>(bounds);
    EXPECT_FALSE(report.failed) << report.what << '\n' << report.trace << '\n' << report.replay;
    EXPECT_TRUE(report.complete) << report.executions << " executions were not all";
    return report;
}

// Shows one exhibit. `reason` is a part of what the explorer must say of the broken form, so that
// it does not fail by some accident of the model.
template <typename Broken, typename Mended>
void exhibit(const weave::Options& bounds, const std::string& reason) {
    const weave::Report broken = expect_found<Broken>(bounds, reason);
    const weave::Report mended = expect_sound<Mended>(bounds);
    const std::string bound =
        bounds.preemptions == weave::all ? "none" : std::to_string(bounds.preemptions);
    std::printf(
        "museum %s: broken found after %llu executions, %.3f s; "
        "mended exhaustive at bound %s: %llu executions, %.3f s\n",
        testing::UnitTest::GetInstance()->current_test_info()->name(),
        static_cast<unsigned long long>(broken.executions), broken.seconds, bound.c_str(),
        static_cast<unsigned long long>(mended.executions), mended.seconds);
}

}  // namespace museum
