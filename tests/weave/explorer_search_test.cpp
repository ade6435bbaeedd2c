// tests/weave/explorer_search_test.cpp - the searches: what a bound leaves out, what each search
// finds, fairness, and how fast they are.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>

#include "explorer_test.hpp"

namespace weave {
namespace {

using enum std::memory_order;
using Set = std::set<std::string>;

template <typename Model>
bool is_found(const Options& options) {
    const Report report = play<Model>(options);
    EXPECT_NE(report.failed, report.complete) << report.text();
    return report.failed;
}

// ---- Bounds ----

// The changer has to be stopped once, and the looker once.
struct TwoSwitches {
    atomic<int> number{0};
    void changer() {
        number.store(1, relaxed);
        number.store(0, relaxed);
    }
    void looker() {
        const bool was_set = number.load(relaxed) == 1;
        expect(!was_set || number.load(relaxed) == 1, "what is set stays");
    }
    static constexpr auto threads() {
        return std::array{&TwoSwitches::changer, &TwoSwitches::looker};
    }
};
TEST(explorer, a_bug_of_two_preemptions_needs_that_bound) {
    EXPECT_FALSE(is_found<TwoSwitches>({.preemptions = 0, .stale_reads = 0}));
    EXPECT_FALSE(is_found<TwoSwitches>({.preemptions = 1, .stale_reads = 0}));
    EXPECT_TRUE(is_found<TwoSwitches>({.preemptions = 2, .stale_reads = 0}));
    EXPECT_TRUE(is_found<TwoSwitches>({.preemptions = all, .stale_reads = 0}));
}
TEST(explorer, a_bug_is_shown_with_the_fewest_preemptions) {
    const Report report = play<TwoSwitches>({.preemptions = 7, .stale_reads = 0});
    EXPECT_EQ(report.replay, "t0.1.1 t1.1.0");
}

// One stale read, and one preemption: the looker must come between the changer's last two stores.
struct SwitchAndStale {
    atomic<int> item{0}, phase{0};
    void changer() {
        item.store(1, relaxed);
        phase.store(1, relaxed);
        phase.store(2, relaxed);
    }
    void looker() {
        if (phase.fetch_add(0, relaxed) == 1) expect(item.load(relaxed) == 1, "it is there");
    }
    static constexpr auto threads() {
        return std::array{&SwitchAndStale::changer, &SwitchAndStale::looker};
    }
};
TEST(explorer, without_stale_reads_memory_is_strong) {
    EXPECT_FALSE(is_found<SwitchAndStale>({.preemptions = all, .stale_reads = 0}));
    EXPECT_FALSE(is_found<SwitchAndStale>({.preemptions = 0}));
    EXPECT_TRUE(is_found<SwitchAndStale>({.preemptions = 1, .stale_reads = 1}));
}
// Two stale reads, and no preemption.
struct TwiceStale {
    atomic<int> left{0}, right{0}, done{0};
    void changer() {
        left.store(1, relaxed);
        right.store(1, relaxed);
        done.store(1, relaxed);
    }
    void looker() {
        if (done.load(relaxed) == 0) return;
        const int both = left.load(relaxed) + right.load(relaxed);
        expect(both != 0, "one of them is there");
    }
    static constexpr auto threads() {
        return std::array{&TwiceStale::changer, &TwiceStale::looker};
    }
};
TEST(explorer, stale_reads_are_bounded) {
    EXPECT_FALSE(is_found<TwiceStale>({.stale_reads = 1}));
    EXPECT_TRUE(is_found<TwiceStale>({.preemptions = 0, .stale_reads = 2}));
    EXPECT_FALSE(is_found<TwiceStale>({.together = 1}));
    EXPECT_TRUE(is_found<TwiceStale>({.together = 2}));
}
TEST(explorer, preemptions_and_stale_reads_are_bounded_together) {
    EXPECT_FALSE(is_found<SwitchAndStale>({.together = 0}));
    EXPECT_FALSE(is_found<SwitchAndStale>({.together = 1}));
    EXPECT_TRUE(is_found<SwitchAndStale>({.together = 2}));
    EXPECT_FALSE(is_found<TwoSwitches>({.stale_reads = 0, .together = 1}));
    EXPECT_TRUE(is_found<TwoSwitches>({.stale_reads = 0, .together = 2}));
}

template <int failures>
struct Spurious {
    atomic<int> number{0};
    void changer() {
        int failed = 0;
        for (int seen = 0; failed < failures; ++failed)
            if (number.compare_exchange_weak(seen, 1, relaxed, relaxed)) break;
        expect(failed < failures, "it does not fail so often");
    }
    void looker() { (void)number.load(relaxed); }
    static constexpr auto threads() { return std::array{&Spurious::changer, &Spurious::looker}; }
};
struct OneSleep {
    atomic<std::uint32_t> word{0};
    bool is_awake = false;
    void sleeper() {
        futex_wait(word, 0);
        expect(word.load(relaxed) != 0, "the value has changed");
    }
    void waker() {
        word.store(1, relaxed);
        futex_wake(word, 1);
    }
    static constexpr auto threads() { return std::array{&OneSleep::sleeper, &OneSleep::waker}; }
};
TEST(explorer, spurious_failures_are_bounded) {
    EXPECT_FALSE(is_found<Spurious<1>>({.spurious = 0}));
    EXPECT_TRUE(is_found<Spurious<1>>({.spurious = 1}));
    EXPECT_FALSE(is_found<Spurious<2>>({.spurious = 1}));
    EXPECT_TRUE(is_found<Spurious<2>>({.spurious = 2}));
    EXPECT_FALSE(is_found<OneSleep>({.stale_reads = 0, .spurious = 0}));
    EXPECT_TRUE(is_found<OneSleep>({.stale_reads = 0, .spurious = 1}));
}

template <unsigned n>
struct Many {
    atomic<int> number{0};
    void body() {
        for (unsigned i = 0; i < n; ++i) (void)number.fetch_add(1, relaxed);
        (void)choose(n);
    }
    static constexpr auto threads() { return std::array{&Many::body, &Many::body}; }
};
TEST(explorer, a_search_gives_up_when_told) {
    const Report few = play<Many<20>>({.preemptions = 5, .executions = 1});
    EXPECT_FALSE(few.failed || few.complete);
    EXPECT_EQ(few.executions, 1U);
    const Report dice = play<Many<20>>({.search = Search::random, .executions = 77});
    EXPECT_FALSE(dice.failed || dice.complete);
    EXPECT_EQ(dice.executions, 77U);
    const Report short_of_time = play<Many<100>>({.preemptions = all, .seconds = 0.01});
    EXPECT_FALSE(short_of_time.failed || short_of_time.complete) << short_of_time.text();
    EXPECT_LT(short_of_time.seconds, 10);
    EXPECT_TRUE(play<Many<2>>({.preemptions = all, .executions = 1'000}).complete);
}

// ---- The searches ----

// The sleeper does not look again whether there is work before it sleeps.
template <bool broken>
struct LostWakeUp {
    atomic<int> work{0};
    atomic<std::uint32_t> word{0};
    void worker() {
        const std::uint32_t before = word.load(acquire);
        if (work.load(relaxed) != 0) return;
        futex_wait(word, broken ? word.load(acquire) : before);
    }
    void giver() {
        work.store(1, relaxed);
        (void)word.fetch_add(1, acq_rel);
        futex_wake(word, 1);
    }
    static constexpr auto threads() { return std::array{&LostWakeUp::worker, &LostWakeUp::giver}; }
};
TEST(explorer, every_search_finds_a_lost_wake_up) {
    for (const Search search : {Search::exhaustive, Search::random, Search::pct}) {
        Options options{.search = search, .executions = 10'000};
        const Report broken = play<LostWakeUp<true>>(options);
        EXPECT_EQ(broken.what.substr(0, 36), "deadlock: nobody can wake, T0 sleeps");
        const Report sound = play<LostWakeUp<false>>(options);
        EXPECT_FALSE(sound.failed) << sound.text();
        EXPECT_EQ(sound.complete, search == Search::exhaustive);
        options.replay = broken.replay;
        EXPECT_EQ(play<LostWakeUp<true>>(options).what, broken.what);
    }
}

template <std::memory_order store_order, std::memory_order load_order>
struct StoreBuffering {
    atomic<int> x{0}, y{0};
    int left = 9, right = 9;
    void first() {
        x.store(1, store_order);
        left = y.load(load_order);
    }
    void second() {
        y.store(1, store_order);
        right = x.load(load_order);
    }
    std::string outcome() const { return std::to_string(left) + std::to_string(right); }
    static constexpr auto threads() {
        return std::array{&StoreBuffering::first, &StoreBuffering::second};
    }
};
TEST(explorer, every_outcome_is_found_and_no_other) {
    using Strong = StoreBuffering<seq_cst, seq_cst>;
    using Weak = StoreBuffering<release, acquire>;
    EXPECT_EQ(outcomes<Strong>({.preemptions = all}).all, Set({"01", "10", "11"}));
    EXPECT_EQ(outcomes<Weak>({.preemptions = all}).all, Set({"00", "01", "10", "11"}));
    const Options dice{.preemptions = all, .search = Search::random, .executions = 10'000};
    EXPECT_EQ(outcomes<Strong>(dice).all, Set({"01", "10", "11"}));
    EXPECT_EQ(outcomes<Weak>(dice).all, Set({"00", "01", "10", "11"}));
}

// ---- Fairness ----

struct TwoSpinners {
    atomic<int> flag{0}, work{0};
    void spinner() {
        while (flag.load(acquire) == 0) relax();
    }
    void setter() {
        for (int i = 0; i < 3; ++i) (void)work.fetch_add(1, relaxed);
        flag.store(1, release);
    }
    void looker() { (void)work.load(relaxed); }
    static constexpr auto threads() {
        return std::array{&TwoSpinners::spinner, &TwoSpinners::spinner, &TwoSpinners::setter,
                          &TwoSpinners::looker};
    }
};
// Each has something to do between two hints, so that each has news for the other.
struct BusySpinners {
    atomic<int> flag{0}, turns{0};
    void spinner() {
        while (flag.load(acquire) == 0) {
            turns.store(static_cast<int>(this_thread()), relaxed);
            (void)turns.load(relaxed);
            relax();
        }
    }
    void setter() {
        (void)turns.load(relaxed);
        flag.store(1, release);
    }
    static constexpr auto threads() {
        return std::array{&BusySpinners::spinner, &BusySpinners::spinner, &BusySpinners::setter};
    }
};
TEST(explorer, spinners_do_not_keep_others_waiting) {
    for (const Search search : {Search::exhaustive, Search::random, Search::pct}) {
        Options options{.steps = 60, .search = search, .executions = 10'000};
        const Report quiet = play<TwoSpinners>(options);
        EXPECT_FALSE(quiet.failed) << quiet.text();
        EXPECT_EQ(quiet.complete, search == Search::exhaustive);
        options.preemptions = 1;
        options.stale_reads = 1;
        options.executions = 1'000'000;
        if (search != Search::exhaustive) options.executions = 10'000;
        const Report busy = play<BusySpinners>(options);
        EXPECT_FALSE(busy.failed) << busy.text();
        EXPECT_EQ(busy.complete, search == Search::exhaustive) << busy.text();
    }
}

// Looks some times, and goes on without.
template <int looks, int times>
struct Patient {
    atomic<int> flag{0}, given_up{0};
    void patient() {
        for (int i = 0; i < times; ++i) {
            for (int look = 0; look < looks && flag.load(relaxed) != 2; ++look) relax();
            (void)given_up.fetch_add(1, relaxed);
        }
    }
    void other() {
        flag.store(1, relaxed);
        (void)given_up.load(relaxed);
    }
    void finish() { expect(given_up.load(relaxed) == times, "nobody sets it to 2"); }
    static constexpr auto threads() { return std::array{&Patient::patient, &Patient::other}; }
};
TEST(explorer, a_spin_may_have_an_end_of_its_own) {
    EXPECT_TRUE((play<Patient<1, 1>>().complete));
    EXPECT_TRUE((play<Patient<3, 1>>().complete));
    EXPECT_TRUE((play<Patient<2, 4>>().complete));
    EXPECT_EQ((play<Patient<1'000, 1>>().what.substr(0, 33)), "livelock: nobody can end a spin, ");
}

// What fails for no reason succeeds when it is tried again: there is no need for another thread.
struct Retrying {
    atomic<int> number{0};
    void changer() {
        int seen = 0;
        while (!number.compare_exchange_weak(seen, 1, relaxed, relaxed)) relax();
    }
    void adder() { (void)number.fetch_add(2, relaxed); }
    static constexpr auto threads() { return std::array{&Retrying::changer, &Retrying::adder}; }
};
TEST(explorer, who_fails_for_no_reason_tries_again) {
    EXPECT_TRUE(play<Retrying>({.spurious = 10}).complete);
}

// Somebody who knows that the changer has ended looks again and again, without a hint.
struct Deceived {
    atomic<int> number{0}, done{0};
    int stale = -1;
    void changer() {
        number.store(1, relaxed);
        done.store(1, relaxed);
    }
    void looker() {
        if (done.load(relaxed) == 0) return;
        for (stale = 0; stale < 20 && number.load(relaxed) == 0;) ++stale;
    }
    std::string outcome() const { return std::to_string(stale); }
    static constexpr auto threads() { return std::array{&Deceived::changer, &Deceived::looker}; }
};
TEST(explorer, nobody_is_deceived_for_ever) {
    const Set found = outcomes<Deceived>().all;
    EXPECT_EQ(found.count("2"), 1U);
    EXPECT_EQ(found.count("20"), 0U);
}

// ---- Speed: told, not judged ----

// Store buffering again and again, so that there is something to measure.
struct ManyStoreBuffers {
    std::array<StoreBuffering<seq_cst, seq_cst>, 12> many;
    void first() {
        for (auto& one : many) one.first();
    }
    void second() {
        for (auto& one : many) one.second();
    }
    static constexpr auto threads() {
        return std::array{&ManyStoreBuffers::first, &ManyStoreBuffers::second};
    }
};
void tell_speed(const char* what, const Report& report) {
    EXPECT_FALSE(report.failed);
    std::printf("%s: %llu executions, %llu steps, %.3f s: %.0f executions a second\n", what,
                static_cast<unsigned long long>(report.executions),
                static_cast<unsigned long long>(report.steps), report.seconds,
                static_cast<double>(report.executions) / report.seconds);
}
TEST(explorer, speed_is_told) {
    using One = StoreBuffering<seq_cst, seq_cst>;
    const Options dice{.preemptions = all, .search = Search::random, .executions = 1'000'000};
    tell_speed("store buffering, by dice", play<One>(dice));
    tell_speed("store buffering, exhaustive", play<One>({.preemptions = all}));
    tell_speed("12 times store buffering, exhaustive", play<ManyStoreBuffers>({.preemptions = 4}));
}

}  // namespace
}  // namespace weave
