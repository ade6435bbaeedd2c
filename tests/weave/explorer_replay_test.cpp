// tests/weave/explorer_replay_test.cpp - an execution is played again, and told as a trace.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "explorer_test.hpp"

namespace weave {
namespace {

using enum std::memory_order;

// ---- Replay: a model for each kind of decision, that fails only if that is not the plain one ----

struct NeedsPreemption {
    static Options options() { return {.stale_reads = 0}; }
    atomic<int> count{0};
    void body() { count.store(count.load(relaxed) + 1, relaxed); }
    void finish() { expect(count.load(relaxed) == 2, "none is lost"); }
    static constexpr auto threads() {
        return std::array{&NeedsPreemption::body, &NeedsPreemption::body};
    }
};
struct NeedsOtherFirst {
    static Options options() { return {.preemptions = 0, .stale_reads = 0}; }
    atomic<int> number{0};
    void writer() { number.store(1, relaxed); }
    void reader() { expect(number.load(relaxed) == 1, "the writer is first"); }
    static constexpr auto threads() {
        return std::array{&NeedsOtherFirst::writer, &NeedsOtherFirst::reader};
    }
};
struct NeedsStaleRead {
    static Options options() { return {.preemptions = 0}; }
    atomic<int> item{0}, ready{0};
    void writer() {
        item.store(42, relaxed);
        ready.store(1, relaxed);
    }
    void reader() {
        if (ready.load(acquire) == 1) expect(item.load(relaxed) == 42, "the item is whole");
    }
    static constexpr auto threads() {
        return std::array{&NeedsStaleRead::writer, &NeedsStaleRead::reader};
    }
};
struct NeedsPlace {
    static Options options() { return {.preemptions = 0}; }
    atomic<int> one{0}, other{0};
    void up() {
        one.store(1, relaxed);
        other.store(2, relaxed);
    }
    void down() {
        other.store(1, relaxed);
        one.store(2, relaxed);
    }
    void finish() {
        expect(one.load(relaxed) != 1 || other.load(relaxed) != 1, "one store is the last");
    }
    static constexpr auto threads() { return std::array{&NeedsPlace::up, &NeedsPlace::down}; }
};
struct NeedsSpurious {
    static Options options() { return {}; }
    atomic<int> number{0};
    void changer() {
        int seen = 0;
        expect(number.compare_exchange_weak(seen, 1, relaxed, relaxed), "it was 0");
    }
    void looker() { (void)number.load(relaxed); }
    static constexpr auto threads() {
        return std::array{&NeedsSpurious::changer, &NeedsSpurious::looker};
    }
};
struct NeedsWaiter {
    static Options options() { return {.preemptions = 0, .stale_reads = 0, .spurious = 0}; }
    atomic<std::uint32_t> word{0};
    atomic<unsigned> asleep{0}, first{0};
    bool all_slept = false;
    void sleeper() {
        (void)asleep.fetch_add(1, relaxed);
        futex_wait(word, 0);
        if (first.fetch_add(1, relaxed) == 0) expect(!all_slept || this_thread() == 0, "T0 first");
    }
    void waker() {
        all_slept = asleep.load(relaxed) == 2;
        word.store(1, relaxed);
        futex_wake(word, 1);
        while (first.load(relaxed) == 0) relax();
        futex_wake(word, 1);
    }
    static constexpr auto threads() {
        return std::array{&NeedsWaiter::sleeper, &NeedsWaiter::sleeper, &NeedsWaiter::waker};
    }
};
struct NeedsCrash {
    static Options options() { return {.crash = 0}; }
    atomic<int> here{0}, there{0};
    void mover() {
        here.store(1, relaxed);
        there.store(1, relaxed);
    }
    void looker() { (void)(here.load(relaxed) + there.load(relaxed)); }
    void finish() { expect(here.load(relaxed) == there.load(relaxed), "both or none"); }
    static constexpr auto threads() { return std::array{&NeedsCrash::mover, &NeedsCrash::looker}; }
};
struct NeedsEnvironment {
    static Options options() { return {}; }
    atomic<unsigned> number{0};
    void chooser() { number.store(choose(5), relaxed); }
    void looker() { expect(number.load(relaxed) != 3, "it is not 3"); }
    static constexpr auto threads() {
        return std::array{&NeedsEnvironment::chooser, &NeedsEnvironment::looker};
    }
};

// All at once, and found by dice.
struct NeedsEverything {
    static Options options() {
        return {.preemptions = all, .crash = 0, .search = Search::random, .executions = 3'000'000};
    }
    atomic<int> here{0}, there{0}, item{0}, ready{0}, weak{0};
    atomic<std::uint32_t> word{0};
    atomic<unsigned> first_awake{0};
    bool is_stale = false, is_spurious = false;
    void mover() {
        here.store(1, relaxed);
        there.store(1, relaxed);
    }
    void sleeper() {
        futex_wait(word, 0);
        unsigned nobody = 0;
        (void)first_awake.compare_exchange_strong(nobody, this_thread(), relaxed, relaxed);
        if (ready.load(relaxed) == 1) is_stale |= item.load(relaxed) == 0;
    }
    void waker() {
        int seen = 0;
        is_spurious = !weak.compare_exchange_weak(seen, 1, relaxed, relaxed);
        item.store(static_cast<int>(choose(2)) + 1, relaxed);
        ready.store(1, relaxed);
        word.store(1, relaxed);
        futex_wake(word, 1);
        futex_wake(word, 1);
        (void)(here.load(relaxed) + there.load(relaxed));
    }
    void finish() {
        const bool is_halfway = here.load(relaxed) == 1 && there.load(relaxed) == 0;
        expect(!is_halfway || !is_stale || !is_spurious || first_awake.load(relaxed) != 2 ||
                   item.load(relaxed) != 2,
               "not all of it happens");
    }
    static constexpr auto threads() {
        return std::array{&NeedsEverything::mover, &NeedsEverything::sleeper,
                          &NeedsEverything::sleeper, &NeedsEverything::waker};
    }
};

// Finds the failure, whose string has all of these kinds of decisions, and plays it again.
template <typename Model>
void expect_replayed(const std::string& kinds) {
    Options options = Model::options();
    const Report found = play<Model>(options);
    ASSERT_TRUE(found.failed) << found.text();
    for (const char kind : kinds)
        EXPECT_NE((' ' + found.replay).find({' ', kind}), std::string::npos) << found.replay;
    options.replay = found.replay;
    for (int i = 0; i < 1'000; ++i) {
        const Report again = play<Model>(options);
        ASSERT_TRUE(again.failed && !again.complete);
        ASSERT_EQ(again.executions, 1U);
        ASSERT_EQ(again.what, found.what);
        ASSERT_EQ(again.trace, found.trace);
        ASSERT_EQ(again.replay, found.replay);
    }
}
TEST(explorer, a_preemption_is_replayed) {
    expect_replayed<NeedsPreemption>("t");
}
TEST(explorer, who_is_first_is_replayed) {
    expect_replayed<NeedsOtherFirst>("n");
}
TEST(explorer, a_stale_read_is_replayed) {
    expect_replayed<NeedsStaleRead>("r");
}
TEST(explorer, a_place_in_modification_order_is_replayed) {
    expect_replayed<NeedsPlace>("p");
}
TEST(explorer, a_spurious_failure_is_replayed) {
    expect_replayed<NeedsSpurious>("s");
}
TEST(explorer, the_choice_of_a_waiter_is_replayed) {
    expect_replayed<NeedsWaiter>("w");
}
TEST(explorer, a_crash_is_replayed) {
    expect_replayed<NeedsCrash>("c");
}
TEST(explorer, what_a_model_chooses_is_replayed) {
    expect_replayed<NeedsEnvironment>("e");
}
TEST(explorer, all_kinds_of_decisions_together_are_replayed) {
    expect_replayed<NeedsEverything>("tnrsce");
}

// Two decisions with no step between them: who goes on where T0 sleeps, and where it ends.
struct SleepAndEnd {
    static Options options() { return {.stale_reads = 0}; }
    atomic<std::uint32_t> word{0};
    atomic<int> count{0};
    std::array<char, 5> order{};  // no string: a run that is left does not free it
    std::size_t told = 0;
    void tell(char what) { order.at(told++) = what; }
    void sleeper() {
        futex_wait(word, 0);
        tell('e');
    }
    void counter() {
        (void)count.fetch_add(1, relaxed);
        tell('1');
    }
    void waker() {
        word.store(1, relaxed);
        futex_wake(word, 1);
        for (int i = 0; i < 2; ++i) {
            (void)count.fetch_add(1, relaxed);
            tell('2');
        }
    }
    void finish() { expect(std::string_view(order.data()) != "2e12", "another order"); }
    static constexpr auto threads() {
        return std::array{&SleepAndEnd::sleeper, &SleepAndEnd::counter, &SleepAndEnd::waker};
    }
};
// A crash before a hint, and one before the step behind it.
template <bool behind>
struct CrashAtHint {
    static Options options() { return {.crash = 0}; }
    atomic<int> before{0}, after{0};
    bool is_between = false;
    void crashes() {
        (void)before.fetch_add(1, relaxed);
        is_between = !behind;
        relax();
        is_between = behind;
        (void)after.fetch_add(1, relaxed);
    }
    void looker() { (void)(before.load(relaxed) + after.load(relaxed)); }
    void finish() { expect(!is_between || after.load(relaxed) == 1, "not between"); }
    static constexpr auto threads() {
        return std::array{&CrashAtHint::crashes, &CrashAtHint::looker};
    }
};
TEST(explorer, decisions_without_a_step_between_are_told_apart) {
    expect_replayed<SleepAndEnd>("n");
    expect_replayed<CrashAtHint<false>>("c");
    expect_replayed<CrashAtHint<true>>("c");
}

TEST(explorer, another_string_plays_another_run) {
    const Report found = play<NeedsPreemption>({.stale_reads = 0});
    EXPECT_FALSE(play<NeedsPreemption>({.replay = "-"}).failed);
    EXPECT_EQ(play<NeedsPreemption>({.replay = "-"}).replay, "-");
    EXPECT_FALSE(play<NeedsPreemption>({.replay = "t0.0.1"}).failed);
    EXPECT_TRUE(play<NeedsPreemption>({.replay = "t0.1.1"}).failed);
    EXPECT_EQ(found.replay, "t0.1.1");
}
TEST(explorer, what_is_no_replay_string_is_told) {
    for (const std::string bad : {"hello", "t", "t0", "t0.1", "t0.1.", "t.1.1", "x0.1.1", "t0,1,1",
                                  "t0.1.1 -", "t99999999999.1.1", "t-1.1.1", "--"}) {
        const Report report = play<NeedsPreemption>({.replay = bad});
        EXPECT_TRUE(report.failed);
        EXPECT_EQ(report.what, "\"" + bad + "\" is no replay string; give one as printed");
        EXPECT_EQ(report.executions, 0U);
    }
}

struct AlwaysFails {
    atomic<int> count{0};
    void body() { (void)count.fetch_add(1, relaxed); }
    void finish() { expect(count.load(relaxed) == 0, "nobody counts"); }
    static constexpr auto threads() { return std::array{&AlwaysFails::body, &AlwaysFails::body}; }
};
TEST(explorer, the_plain_run_is_a_dash) {
    EXPECT_EQ(play<AlwaysFails>().replay, "-");
    EXPECT_EQ(play<AlwaysFails>().executions, 1U);
    EXPECT_TRUE(play<AlwaysFails>({.replay = "-"}).failed);
}

// ---- The trace ----

struct Told {
    static constexpr std::uint32_t line = Where::current().line() + 5;  // the first step
    atomic<std::uint32_t> word{0};
    atomic<int> number{7};
    plain<int> cell{0};
    void first() {
        futex_wait(word, 0);
        fence(seq_cst);
        int guess = 5;
        (void)number.compare_exchange_strong(guess, 6, acq_rel, acquire);
        expect(number.load(seq_cst) == 7, "nobody has changed it");
    }
    void second() {
        number.store(8, release);
        (void)word.exchange(1, acq_rel);
        futex_wake(word, 1);
    }
    static constexpr auto threads() { return std::array{&Told::first, &Told::second}; }
};
// One space for many.
std::string without_columns(const std::string& text) {
    std::string narrow;
    for (const char c : text)
        if (c != ' ' || narrow.empty() || narrow.back() != ' ') narrow += c;
    return narrow;
}
TEST(explorer, a_trace_tells_every_step) {
    const auto at = [](std::uint32_t line) {
        return "explorer_replay_test.cpp:" + std::to_string(Told::line + line);
    };
    const std::vector<std::array<std::string, 4>> steps = {
        {"T0", "1", at(0), "futex_wait: sleeps"},
        {"T1", "2", at(7), "store release 8"},
        {"", "3", at(8), "change acq_rel 0 -> 1, the first value"},
        {"", "4", at(9), "futex_wake: wakes 1"},
        {"T0", "5", at(1), "fence seq_cst"},
        {"", "6", at(3), "compare acquire fails, it is 8, of T1 step 2"},
        {"", "7", at(4), "load seq_cst = 8, of T1 step 2"},
        {"", "7", at(4), "FAILS: broken: nobody has changed it"}};
    std::string expected;
    for (const auto& [thread, step, place, what] : steps)
        expected += thread + ' ' + step + " weave/" + place + ' ' + what + '\n';
    const Report report = play<Told>({.preemptions = 0});
    EXPECT_EQ(without_columns(report.trace), expected);
    EXPECT_NE(report.text().find(report.what + "\n" + report.trace + "replay: \"-\"\n"),
              std::string::npos);
}
TEST(explorer, a_trace_names_what_is_stale_and_what_fails_for_no_reason) {
    const std::string stale = play<NeedsStaleRead>(NeedsStaleRead::options()).trace;
    EXPECT_NE(stale.find("load relaxed = 0, the first value, STALE\n"), std::string::npos) << stale;
    const std::string spurious = play<NeedsSpurious>(NeedsSpurious::options()).trace;
    EXPECT_NE(spurious.find("compare relaxed fails for no reason, the first value\n"),
              std::string::npos)
        << spurious;
    const std::string below = play<NeedsPlace>(NeedsPlace::options()).trace;
    EXPECT_NE(below.find(", BELOW newer ones in modification order\n"), std::string::npos) << below;
    const std::string crash = play<NeedsCrash>(NeedsCrash::options()).trace;
    EXPECT_NE(crash.find("stops for ever before this\n"), std::string::npos) << crash;
}

}  // namespace
}  // namespace weave
