// tests/weave/explorer_gives_test.cpp - what models get: crashes, sleep, time, objects and stacks.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>

#include "explorer_test.hpp"

namespace weave {
namespace {

using enum std::memory_order;
using Set = std::set<std::string>;

// ---- Crashes and choices ----

struct Mover {
    atomic<int> a{0}, b{0}, c{0};
    void mover() {
        a.store(1, relaxed);
        b.store(1, relaxed);
        c.store(1, relaxed);
    }
    void looker() { (void)(a.load(relaxed) + b.load(relaxed) + c.load(relaxed)); }
    std::string outcome() const {
        return std::to_string(a.newest()) + std::to_string(b.newest()) +
               std::to_string(c.newest()) + (has_ended(0) ? " ended" : "") +
               (has_ended(1) ? "" : " other");
    }
    static constexpr auto threads() { return std::array{&Mover::mover, &Mover::looker}; }
};
TEST(explorer, a_crash_comes_before_any_step) {
    EXPECT_EQ(outcomes<Mover>({.crash = 0}).all, Set({"000", "100", "110", "111 ended"}));
    EXPECT_EQ(outcomes<Mover>().all, Set({"111 ended"}));
    EXPECT_EQ(outcomes<Mover>({.crash = 1}).all, Set({"111 ended", "111 ended other"}));
}

struct Heir {
    atomic<std::uint32_t> word{0};
    void waker() {
        word.store(1, release);
        futex_wake(word, 1);
    }
    void sleeper() {
        while (word.load(acquire) == 0) futex_wait(word, 0);
    }
    std::string outcome() const { return digits({has_ended(0), has_ended(1)}); }
    static constexpr auto threads() { return std::array{&Heir::waker, &Heir::sleeper}; }
};
TEST(explorer, who_waits_for_a_crashed_thread_may_wait_for_ever) {
    EXPECT_EQ(outcomes<Heir>({.crash = 0}).all, Set({"00", "01", "11"}));
    EXPECT_EQ(outcomes<Heir>().all, Set({"11"}));
}

struct Forsaken {
    atomic<int> flag{0};
    void setter() { flag.store(1, relaxed); }
    void spinner() {
        while (flag.load(relaxed) == 0) relax();
    }
    static constexpr auto threads() { return std::array{&Forsaken::setter, &Forsaken::spinner}; }
};
TEST(explorer, who_waits_for_a_crashed_thread_must_not_spin_for_ever) {
    EXPECT_EQ(play<Forsaken>({.crash = 0}).what.substr(0, 42),
              "livelock: nobody can end a spin, T1 spins ");
    EXPECT_TRUE(play<Forsaken>({.crash = 1}).complete);
}

template <unsigned n>
struct Chooser {
    unsigned number = 99;
    atomic<int> shared{0};
    void chooser() {
        (void)shared.load(relaxed);
        number = choose(n);
    }
    void other() { shared.store(1, relaxed); }
    std::string outcome() const { return std::to_string(number); }
    static constexpr auto threads() { return std::array{&Chooser::chooser, &Chooser::other}; }
};
TEST(explorer, everything_is_chosen) {
    EXPECT_EQ(outcomes<Chooser<1>>().all, Set({"0"}));
    EXPECT_EQ(outcomes<Chooser<2>>().all, Set({"0", "1"}));
    EXPECT_EQ(outcomes<Chooser<5>>().all, Set({"0", "1", "2", "3", "4"}));
}

// Where all three sleep before the waker comes: one is woken, and is first; then `others` more are.
template <int others>
struct Sleepers {
    atomic<std::uint32_t> word{0};
    atomic<int> asleep{0};
    atomic<unsigned> first{9};
    bool all_slept = false;
    void sleeper() {
        (void)asleep.fetch_add(1, relaxed);
        futex_wait(word, 0);
        unsigned nobody = 9;
        (void)first.compare_exchange_strong(nobody, this_thread(), relaxed, relaxed);
    }
    void waker() {
        all_slept = asleep.load(relaxed) == 3;
        word.store(1, relaxed);
        futex_wake(word, 1);
        while (first.load(relaxed) == 9) relax();
        futex_wake(word, others);
    }
    std::string outcome() const { return all_slept ? std::to_string(first.newest()) : ""; }
    static constexpr auto threads() {
        return std::array{&Sleepers::sleeper, &Sleepers::sleeper, &Sleepers::sleeper,
                          &Sleepers::waker};
    }
};
TEST(explorer, a_wake_wakes_any_sleeper) {
    const Outcomes found =
        outcomes<Sleepers<2>>({.preemptions = 0, .stale_reads = 0, .spurious = 0});
    EXPECT_TRUE(found.report.complete) << found.report.text();
    EXPECT_EQ(found.all, Set({"", "0", "1", "2"}));
}
TEST(explorer, a_wake_wakes_no_more_than_it_says) {
    const Report report = play<Sleepers<1>>({.preemptions = 0, .stale_reads = 0});
    EXPECT_EQ(report.what.substr(0, 37), "deadlock: nobody can wake, T2 sleeps ") << report.text();
}

template <std::uint32_t expected>
struct Returning {
    atomic<std::uint32_t> word{0};
    void waits() { futex_wait(word, expected); }
    static constexpr auto threads() { return std::array{&Returning::waits, &Returning::waits}; }
};
TEST(explorer, a_futex_wait_for_another_value_returns) {
    EXPECT_TRUE(play<Returning<1>>().complete);
    EXPECT_EQ(play<Returning<0>>().what.substr(0, 8), "deadlock");
    EXPECT_EQ(play<Returning<0>>({.spurious = 0}).what.substr(0, 8), "deadlock");
}

template <bool says_when>
struct Hours {
    atomic<int> flag{0};
    plain<std::uint64_t> when{0};
    void early() {
        const std::uint64_t begin = now();
        expect(now() > begin, "the clock goes on at each look");
        sleep_until(100);
        expect(now() > 100, "nobody wakes too early");
        write(when) = now();
        flag.store(1, says_when ? release : relaxed);
    }
    void late() {
        if (flag.load(acquire) == 1) expect(now() > (says_when ? read(when) : 100), "it is later");
        sleep_until(5);
        sleep_until(3);
        expect(now() > 5, "the clock does not go back");
    }
    static constexpr auto threads() { return std::array{&Hours::early, &Hours::late}; }
};
TEST(explorer, the_clock_goes_on_along_what_happens_before) {
    EXPECT_TRUE(play<Hours<true>>().complete);
    EXPECT_EQ(play<Hours<false>>().what, "broken: it is later");
}

struct Named {
    std::array<unsigned, 3> names{9, 9, 9};
    atomic<int> count{0};
    void first() { name(0); }
    void second() { name(1); }
    void third() { name(2); }
    void name(std::size_t i) {
        names[i] = this_thread();
        (void)count.fetch_add(1, relaxed);
        expect(this_thread() == names[i], "a thread keeps its number");
    }
    void finish() {
        expect(names[0] == 0 && names[1] == 1 && names[2] == 2, "numbers as given");
        expect(has_ended(0) && has_ended(1) && has_ended(2), "all have ended");
    }
    static constexpr auto threads() {
        return std::array{&Named::first, &Named::second, &Named::third};
    }
};
TEST(explorer, threads_have_numbers_in_their_order) {
    EXPECT_TRUE(play<Named>().complete);
}

struct Wide {
    std::uint64_t first = 1, second = 2;
    explicit Wide(std::uint64_t n) : second(n) {}
    ~Wide() { destroyed += 1; }
    static inline int destroyed = 0;
};
struct Maker {
    std::array<Wide*, 2> things{};
    atomic<int> count{0};
    void body() {
        auto* const small = create<char>('x');
        auto* const wide = create<Wide>(7U);
        expect(reinterpret_cast<std::uintptr_t>(wide) % alignof(Wide) == 0, "it is aligned");
        things.at(this_thread()) = wide;
        (void)count.fetch_add(1, relaxed);
        expect(*small == 'x' && wide->first == 1 && wide->second == 7, "it is as it was made");
        destroy(small);
    }
    void finish() {
        expect(things[0] != things[1], "each has its own");
        Wide::destroyed = 0;
        for (Wide* const thing : things) destroy(thing);
        expect(Wide::destroyed == 2, "destructors are called");
    }
    static constexpr auto threads() { return std::array{&Maker::body, &Maker::body}; }
};
TEST(explorer, objects_are_made_and_unmade) {
    const Report report = play<Maker>();
    EXPECT_TRUE(report.complete) << report.text();
}

// ---- Fibers ----

struct Seven {
    atomic<int> count{0};
    void body() { (void)count.fetch_add(1, relaxed); }
    void finish() { expect(count.load(relaxed) == 7, "all seven have run"); }
    static constexpr auto threads() {
        return std::array{&Seven::body, &Seven::body, &Seven::body, &Seven::body,
                          &Seven::body, &Seven::body, &Seven::body};
    }
};
TEST(explorer, seven_threads_run) {
    EXPECT_TRUE(play<Seven>({.preemptions = 0}).complete);
    EXPECT_FALSE(play<Seven>({.search = Search::random, .executions = 1'000}).failed);
}

// Each call takes a KiB of the stack, whose content must be there after other threads have run.
struct Deep {
    atomic<int> count{0};
    void body() {
        expect(dive(100, this_thread()) == 100 * (this_thread() + 1), "the stack is whole");
    }
    unsigned dive(unsigned left, unsigned mark) {
        if (left == 0) return 0;
        std::array<volatile unsigned char, 1024> page;
        for (auto& byte : page) byte = static_cast<unsigned char>(mark + left);
        if (left % 50 == 1) (void)count.fetch_add(1, relaxed);
        const unsigned below = dive(left - 1, mark);
        for (const auto& byte : page)
            if (byte != static_cast<unsigned char>(mark + left)) return 0;
        return below + mark + 1;
    }
    static constexpr auto threads() { return std::array{&Deep::body, &Deep::body, &Deep::body}; }
};
TEST(explorer, a_thread_has_a_deep_stack) {
    const Report report = play<Deep>({.preemptions = 1});
    EXPECT_TRUE(report.complete) << report.text();
}

struct Throwing {
    atomic<int> caught{0};
    int unwound = 0;
    struct Unwound {
        Throwing& model;
        ~Unwound() { ++model.unwound; }
    };
    void body() {
        for (int i = 0; i < 2; ++i) {
            bool is_caught = false;
            try {
                fail_deep_down(3);
            } catch (const std::runtime_error& error) {
                is_caught = std::string(error.what()) == "deep down";
            }
            expect(is_caught, "what is thrown is caught");
            (void)caught.fetch_add(1, relaxed);
        }
    }
    void fail_deep_down(int depth) {
        const Unwound here{*this};
        if (depth == 0) throw std::runtime_error("deep down");
        (void)caught.load(relaxed);
        fail_deep_down(depth - 1);
    }
    void finish() {
        expect(caught.load(relaxed) == 4, "all are caught");
        expect(unwound == 16, "what stands on the stack is destroyed");
    }
    static constexpr auto threads() { return std::array{&Throwing::body, &Throwing::body}; }
};
TEST(explorer, exceptions_stay_in_their_thread) {
    const Report report = play<Throwing>({.preemptions = 2, .stale_reads = 0});
    EXPECT_TRUE(report.complete) << report.text();
}

}  // namespace
}  // namespace weave
