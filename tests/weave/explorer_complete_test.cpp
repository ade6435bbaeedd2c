// tests/weave/explorer_complete_test.cpp - what dice can show, the exhaustive search has shown.
//
// Nothing is lost by the states that it knows, by decisions that it leaves out, or by fairness.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "explorer_test.hpp"

namespace weave {
namespace {

using enum std::memory_order;

// Every decision at every step, none cut off: much slower, and simple enough to be trusted.
class Plodding final : public Strategy {
public:
    void begin() override { depth_ = 0; }
    unsigned choose(Kind, Place, unsigned n, std::span<const std::uint8_t>) override {
        if (depth_ == path_.size()) path_.push_back({n, 0});
        return path_[depth_++].second;
    }
    bool advance() {
        while (!path_.empty() && path_.back().second + 1 == path_.back().first) path_.pop_back();
        if (!path_.empty()) ++path_.back().second;
        return !path_.empty();
    }
    void restart() { path_.clear(); }

private:
    std::vector<std::pair<unsigned, unsigned>> path_;  // of how many alternatives, which one
    std::size_t depth_ = 0;
};
// What comes of a model in all its runs. Left with `complete` false where one fails, or where there
// are more than `most` of them.
template <typename Model>
Outcomes plodding_outcomes(const Options& options, std::uint64_t most) {
    using Played = Observed<Model>;
    Program program{.make = [](void* at) { new (at) Played; },
                    .unmake = [](void* at) { std::destroy_at(static_cast<Played*>(at)); },
                    .finish = [](void* at) { static_cast<Played*>(at)->finish(); },
                    .step = nullptr,
                    .threads = {}};
    for (const auto body : Model::threads())
        program.threads.push_back([body](void* at) { (static_cast<Played*>(at)->*body)(); });
    const Limits limits{.preemptions = options.preemptions,
                        .stale_reads = options.stale_reads,
                        .spurious = options.spurious,
                        .together = options.together,
                        .crash = options.crash,
                        .steps = options.steps};
    Plodding plodding;
    Outcomes result;
    Engine& engine = Engine::the();
    engine.forget_what_was_learned();
    Played::seen.clear();
    for (bool more = true; more && result.report.executions < most;) {
        const End end = engine.run(program, plodding, limits, Decisions::every, nullptr);
        if (end == End::learned) {
            plodding.restart();
            Played::seen.clear();
            result.report.executions = 0;
            continue;
        }
        ++result.report.executions;
        result.report.failed = end == End::failed;
        if (result.report.failed) break;
        more = plodding.advance();
        result.report.complete = !more;
    }
    for (const auto& seen : Played::seen) result.all.insert(seen.second);
    return result;
}

// Returns how many outcomes there are.
template <typename Model>
std::size_t expect_nothing_missed(Options options = {.preemptions = all}) {
    const Outcomes exhaustive = outcomes<Model>(options);
    EXPECT_TRUE(exhaustive.report.complete) << exhaustive.report.text();
    for (const Search search : {Search::random, Search::pct}) {
        options.search = search;
        options.executions = 20'000;
        const Outcomes dice = outcomes<Model>(options);
        EXPECT_FALSE(dice.report.failed) << dice.report.text();
        for (const std::string& outcome : dice.all)
            EXPECT_EQ(exhaustive.all.count(outcome), 1U) << outcome;
    }
    return exhaustive.all.size();
}
struct MessagePassing {
    atomic<int> item{0}, ready{0};
    std::array<int, 4> read{};
    void writer() {
        item.store(1, relaxed);
        ready.store(1, relaxed);
        item.store(2, relaxed);
    }
    void reader() {
        const std::size_t mine = this_thread() == 1 ? 0 : 2;
        read[mine] = ready.load(relaxed);
        read[mine + 1] = item.load(relaxed);
    }
    std::string outcome() const { return digits({read[0], read[1], read[2], read[3]}); }
    static constexpr auto threads() {
        return std::array{&MessagePassing::writer, &MessagePassing::reader,
                          &MessagePassing::reader};
    }
};
TEST(explorer, no_stale_read_is_missed) {
    EXPECT_EQ(expect_nothing_missed<MessagePassing>(), 36U);
}

template <bool weak>
struct Counter {
    atomic<int> count{0};
    std::array<int, 3> before{};
    void add() {
        int seen = count.load(relaxed);
        while (!(weak ? count.compare_exchange_weak(seen, seen + 1, relaxed, relaxed)
                      : count.compare_exchange_strong(seen, seen + 1, relaxed, relaxed)))
            relax();
        before.at(this_thread()) = seen;
    }
    std::string outcome() const {
        return digits({before[0], before[1], before[2], count.newest()});
    }
    static constexpr auto threads() {
        return std::array{&Counter::add, &Counter::add, &Counter::add};
    }
};
TEST(explorer, no_outcome_of_compare_exchange_loops_is_missed) {
    EXPECT_EQ(expect_nothing_missed<Counter<false>>(), 6U);
    EXPECT_EQ(expect_nothing_missed<Counter<true>>({.preemptions = all, .stale_reads = 1}), 6U);
}

// A weak compare-exchange on what only one thread uses, and the end of a thread just behind a hint.
struct Private {
    atomic<int> own{0}, other{0}, shared{0}, quiet{0};
    void owner() {
        int seen = 0;
        (void)own.compare_exchange_weak(seen, 1, relaxed, relaxed);
        seen = 0;
        (void)other.compare_exchange_weak(seen, 1, relaxed, relaxed);
        (void)shared.fetch_add(1, relaxed);
    }
    void sleepy() {
        (void)quiet.load(relaxed);
        relax();
    }
    std::string outcome() const { return digits({own.newest(), other.newest(), shared.newest()}); }
    static constexpr auto threads() { return std::array{&Private::owner, &Private::sleepy}; }
};
TEST(explorer, nothing_about_private_objects_is_missed) {
    EXPECT_EQ(expect_nothing_missed<Private>(), 3U);
    EXPECT_EQ(expect_nothing_missed<Private>({.preemptions = all, .spurious = 2}), 4U);
}

// The second object is shared only if the first one was seen, which is stored to rather late.
struct SometimesShared {
    atomic<int> first{0}, second{0}, third{0};
    std::array<int, 3> seen{};
    void giver() {
        third.store(1, relaxed);
        second.store(3, relaxed);
        seen[0] = second.load(relaxed);
        first.store(1, release);
        seen[1] = second.exchange(4, relaxed);
    }
    void taker() {
        if (first.load(acquire) == 1) seen[2] = second.exchange(5, relaxed);
        if (seen[2] == 4) third.store(2, relaxed);
    }
    std::string outcome() const {
        return digits({seen[0], seen[1], seen[2], second.newest(), third.newest()});
    }
    static constexpr auto threads() {
        return std::array{&SometimesShared::giver, &SometimesShared::taker};
    }
};
TEST(explorer, nothing_about_objects_that_are_seldom_shared_is_missed) {
    EXPECT_EQ(expect_nothing_missed<SometimesShared>(), 3U);
}

struct Handing {
    atomic<std::uint32_t> word{0};
    atomic<int> order{0};
    std::array<int, 3> rank{};
    void sleeper() {
        while (word.load(acquire) == 0) futex_wait(word, 0);
        rank.at(this_thread()) = 1 + order.fetch_add(1, relaxed);
        (void)word.fetch_sub(1, relaxed);
    }
    void waker() {
        word.store(2, release);
        futex_wake(word, 2);
        rank[2] = 1 + order.fetch_add(1, relaxed);
    }
    std::string outcome() const {
        return digits({rank[0], rank[1], rank[2], static_cast<int>(word.newest())});
    }
    static constexpr auto threads() {
        return std::array{&Handing::sleeper, &Handing::sleeper, &Handing::waker};
    }
};
TEST(explorer, no_order_of_sleepers_is_missed) {
    EXPECT_EQ(expect_nothing_missed<Handing>({.preemptions = all, .stale_reads = 1}), 6U);
}

// ---- Ends ----

// A thread that ends just behind a hint, or behind a fence, is in another state than before.
template <bool hint>
struct QuietEnd {
    atomic<int> own{0}, shared{0};
    void quiet() {
        (void)own.load(relaxed);
        hint ? relax() : fence(seq_cst);
        hint ? relax() : fence(seq_cst);
    }
    void other() { (void)shared.fetch_add(1, relaxed); }
    std::string outcome() const { return digits({shared.newest()}); }
    static constexpr auto threads() { return std::array{&QuietEnd::quiet, &QuietEnd::other}; }
};
TEST(explorer, no_end_of_a_thread_is_missed) {
    EXPECT_EQ(expect_nothing_missed<QuietEnd<true>>(), 1U);
    EXPECT_EQ(expect_nothing_missed<QuietEnd<false>>(), 1U);
}

struct LonelyCrash {
    atomic<int> here{0}, there{0}, shared{0};
    void mover() {
        here.store(1, relaxed);
        there.store(1, relaxed);
    }
    void other() { (void)shared.load(relaxed); }
    std::string outcome() const { return digits({here.newest(), there.newest(), has_ended(0)}); }
    static constexpr auto threads() { return std::array{&LonelyCrash::mover, &LonelyCrash::other}; }
};
TEST(explorer, no_crash_is_missed) {
    EXPECT_EQ(expect_nothing_missed<LonelyCrash>({.crash = 0}), 3U);
    EXPECT_EQ(expect_nothing_missed<LonelyCrash>({.crash = 1}), 1U);
}

// ---- Random programs ----

enum class Does { load, store, add, weaken, loop, fence, spin, wait, wake, choose, if_seen, count };
struct Action {
    Does does;
    std::size_t at;
    std::uint32_t value;
    Order order;
};

constexpr std::size_t actions_max = 4;

// Every thread plays its list; what it has seen is the outcome, with the last values.
struct Program3 {
    static inline std::array<std::vector<Action>, 3> lists{};
    std::array<atomic<std::uint32_t>, 3> objects{};
    std::array<std::array<std::uint32_t, actions_max>, 3> seen{};

    void body() {
        std::uint32_t last = 0;
        std::size_t played = 0;
        for (const Action& action : lists.at(this_thread())) {
            last = play(action, objects.at(action.at), last);
            seen.at(this_thread()).at(played++) = last;
        }
    }
    static Order loads(Order order) {
        return order == release || order == acq_rel ? acquire : order;
    }
    static Order stores(Order order) {
        return order == acquire || order == acq_rel ? release : order;
    }
    std::uint32_t play(const Action& action, atomic<std::uint32_t>& object, std::uint32_t last) {
        const Order order = action.order;
        std::uint32_t old = last;
        switch (action.does) {
            case Does::load:
                return object.load(loads(order));
            case Does::store:
                object.store(action.value, stores(order));
                break;
            case Does::add:
                return object.fetch_add(10 * action.value, order);
            case Does::weaken:
                if (object.compare_exchange_weak(old, 3, order, loads(order))) return 100;
                return old;
            case Does::loop:
                old = object.load(relaxed);
                while (!object.compare_exchange_weak(old, 2 * old + 1, order, relaxed)) relax();
                return old;
            case Does::fence:
                fence(order == relaxed ? seq_cst : order);
                break;
            case Does::spin:
                while ((old = object.load(loads(order))) == 0) relax();
                return old;
            case Does::wait:
                futex_wait(object, 0);
                break;
            case Does::wake:
                futex_wake(object, static_cast<int>(action.value));
                break;
            case Does::choose:
                return choose(2);
            case Does::if_seen:
                if (last != 0) objects.at((action.at + 1) % 3).store(5, stores(order));
                break;
            case Does::count:
                break;
        }
        return last;
    }
    std::string outcome() const {
        std::string text;
        for (const auto& thread : seen)
            for (const std::uint32_t number : thread) text += std::to_string(number) + ' ';
        for (const auto& object : objects) text += "| " + std::to_string(object.newest());
        return text;
    }
    static constexpr auto threads() {
        return std::array{&Program3::body, &Program3::body, &Program3::body};
    }
};
using Dice = std::mt19937;
std::vector<Action> random_list(Dice& dice) {
    constexpr std::array<Order, 6> orders = {relaxed, relaxed, acquire, release, acq_rel, seq_cst};
    std::vector<Action> list(dice() % (actions_max + 1));
    for (Action& action : list) {
        const auto does = static_cast<Does>(dice() % static_cast<unsigned>(Does::count));
        const bool may_be_stuck = does == Does::spin || does == Does::wait;
        action = {.does = may_be_stuck && dice() % 2 == 0 ? Does::load : does,
                  .at = dice() % 3,
                  .value = 1 + static_cast<std::uint32_t>(dice() % 2),
                  .order = orders.at(dice() % orders.size())};
    }
    return list;
}
Options random_options(Dice& dice) {
    const auto below = [&](unsigned n) { return static_cast<unsigned>(dice() % n); };
    const auto bound = [&](unsigned some) { return below(2) == 0 ? some : all; };
    Options options{.preemptions = bound(below(3)),
                    .stale_reads = bound(below(3)),
                    .spurious = below(2),
                    .together = bound(2),
                    .crash = below(4) == 0 ? 0 : none};
    options.steps = 100;
    return options;
}
TEST(explorer, nothing_is_missed_of_random_programs) {
    Dice dice(1);
    int compared = 0, stuck = 0;
    for (int i = 0; i < 3'000; ++i) {
        for (auto& list : Program3::lists) list = random_list(dice);
        const Options options = random_options(dice);
        const Outcomes plodding = plodding_outcomes<Program3>(options, 5'000);
        if (!plodding.report.failed && !plodding.report.complete) continue;  // too large
        const Outcomes exhaustive = outcomes<Program3>(options);
        // Some sleep or spin for ever; then that is found.
        EXPECT_EQ(exhaustive.report.failed, plodding.report.failed)
            << i << exhaustive.report.text();
        EXPECT_EQ(exhaustive.report.complete, plodding.report.complete);
        ++(plodding.report.failed ? stuck : compared);
        if (plodding.report.failed) continue;
        for (const std::string& outcome : plodding.all)
            EXPECT_EQ(exhaustive.all.count(outcome), 1U) << "program " << i << ": " << outcome;
        EXPECT_EQ(exhaustive.all.size(), plodding.all.size());
    }
    EXPECT_GT(compared, 1'000);
    EXPECT_GT(stuck, 100);
}

}  // namespace
}  // namespace weave
