// tests/weave/explorer_test.cpp - the explorer finds every kind of fault and says what it is.
//
// Each has a minimal model, `template <bool broken>`: what is not broken passes in every execution.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

#include "explorer_test.hpp"

namespace weave {
namespace {

using enum std::memory_order;

// The broken form fails for the reason given, with a replay string that shows the same; the other
// form passes completely.
template <template <bool> typename Model>
void expect_found(const std::string& what, const Options& options = {}) {
    const Report broken = play<Model<true>>(options);
    EXPECT_TRUE(broken.failed);
    EXPECT_FALSE(broken.complete);
    EXPECT_EQ(broken.what.substr(0, what.size()), what);
    EXPECT_NE(broken.trace.find("FAILS: " + broken.what), std::string::npos) << broken.trace;
    Options again = options;
    again.replay = broken.replay;
    EXPECT_EQ(play<Model<true>>(again).what, broken.what);

    const Report sound = play<Model<false>>(options);
    EXPECT_FALSE(sound.failed) << sound.text();
    EXPECT_TRUE(sound.complete);
    EXPECT_EQ(sound.what + sound.trace + sound.replay, "");
}

// ---- Races ----

template <bool broken>
struct TwoWriters {
    atomic<int> turn{0};
    plain<int> cell{0};
    static constexpr std::uint32_t line = Where::current().line() + 2;
    void first() {
        write(cell) = 1;
        turn.store(1, broken ? relaxed : release);
    }
    void second() {
        if (turn.load(acquire) == 1) write(cell) = 2;
    }
    static constexpr auto threads() { return std::array{&TwoWriters::first, &TwoWriters::second}; }
};
TEST(explorer, two_writes_without_order_are_a_race) {
    expect_found<TwoWriters>(
        "race: touched while another thread writes, at "
        "weave/explorer_test.cpp:" +
        std::to_string(TwoWriters<true>::line));
}

template <bool broken>
struct WriterFirst {
    atomic<int> turn{0};
    plain<int> cell{0};
    void writer() {
        write(cell) = 1;
        turn.store(1, release);
    }
    void reader() {
        if (turn.load(broken ? relaxed : acquire) == 1) (void)read(cell);
    }
    static constexpr auto threads() {
        return std::array{&WriterFirst::writer, &WriterFirst::reader};
    }
};
TEST(explorer, a_read_after_a_write_without_order_is_a_race) {
    expect_found<WriterFirst>(
        "race: touched while another thread writes, at "
        "weave/explorer_test.cpp:");
}

template <bool broken>
struct ReaderFirst {
    atomic<int> turn{0};
    plain<int> cell{0};
    void reader() {
        (void)read(cell);
        turn.store(1, broken ? relaxed : release);
    }
    void writer() {
        if (turn.load(acquire) == 1) write(cell) = 1;
    }
    static constexpr auto threads() {
        return std::array{&ReaderFirst::reader, &ReaderFirst::writer};
    }
};
TEST(explorer, a_write_after_a_read_without_order_is_a_race) {
    expect_found<ReaderFirst>(
        "race: written while another thread reads, at "
        "weave/explorer_test.cpp:");
}

struct TwoReaders {
    plain<int> cell{7};
    void reader() { expect(read(cell) == 7, "what the model was made with is there"); }
    static constexpr auto threads() { return std::array{&TwoReaders::reader, &TwoReaders::reader}; }
};
TEST(explorer, two_reads_are_no_race) {
    EXPECT_TRUE(play<TwoReaders>().complete);
}

// ---- Out of use ----

template <bool broken>
struct HiddenCell {
    atomic<int> out_of_use{0};
    plain<int> cell{0};
    void owner() {
        hide(cell);
        out_of_use.store(1, release);
    }
    void user() {
        if (out_of_use.load(acquire) == 0) return;
        if (!broken) reveal(cell);
        (void)read(cell);
    }
    static constexpr auto threads() { return std::array{&HiddenCell::owner, &HiddenCell::user}; }
};
TEST(explorer, a_cell_out_of_use_is_not_touched) {
    expect_found<HiddenCell>("a cell is touched while it is out of use");
}

template <bool broken>
struct HiddenAtomic {
    atomic<int> out_of_use{0}, object{0};
    void owner() {
        hide(object);
        out_of_use.store(1, release);
    }
    void user() {
        if (out_of_use.load(acquire) == 0) return;
        if (!broken) reveal(object);
        object.store(1, relaxed);
    }
    static constexpr auto threads() {
        return std::array{&HiddenAtomic::owner, &HiddenAtomic::user};
    }
};
TEST(explorer, an_atomic_out_of_use_is_not_touched) {
    expect_found<HiddenAtomic>("an atomic object is touched while it is out of use");
}

// ---- No end ----

template <bool broken>
struct Sleeper {
    atomic<std::uint32_t> word{0};
    void sleeper() {
        while (word.load(acquire) == 0) futex_wait(word, 0);
    }
    void waker() {
        word.store(1, release);
        if (!broken) futex_wake(word, 1);
    }
    static constexpr auto threads() { return std::array{&Sleeper::sleeper, &Sleeper::waker}; }
};
TEST(explorer, a_sleep_that_nobody_ends_is_a_deadlock) {
    expect_found<Sleeper>("deadlock: nobody can wake, T0 sleeps at weave/explorer_test.cpp:");
}

template <bool broken>
struct Spinner {
    atomic<int> flag{0};
    void spinner() {
        while (flag.load(acquire) != 1) relax();
    }
    void other() { flag.store(broken ? 2 : 1, release); }
    static constexpr auto threads() { return std::array{&Spinner::spinner, &Spinner::other}; }
};
TEST(explorer, a_spin_that_nobody_ends_is_a_livelock) {
    expect_found<Spinner>("livelock: nobody can end a spin, T0 spins at weave/explorer_test.cpp:");
}

template <bool broken>
struct Busy {
    atomic<int> count{0};
    void body() {
        for (int i = 0; broken || i < 3; ++i) (void)count.fetch_add(1, relaxed);
    }
    static constexpr auto threads() { return std::array{&Busy::body, &Busy::body}; }
};
TEST(explorer, more_steps_than_the_limit_are_a_livelock) {
    expect_found<Busy>("livelock: 100 steps, and no end", {.steps = 100});
}

// ---- Lives of objects ----

struct Thing {
    atomic<int> number{0};
    plain<int> cell{0};
};
enum class Sin { leak, twice, atomic_after, plain_after, stranger };

// One thread makes a thing and hands it to another, which ends its life.
template <Sin sin, bool broken>
struct Lives {
    atomic<Thing*> slot{nullptr};
    void maker() {
        auto* const thing = create<Thing>();
        if (broken && sin == Sin::twice) destroy(thing);
        slot.store(thing, broken && sin == Sin::stranger ? relaxed : release);
    }
    void taker() {
        Thing* const thing = slot.exchange(nullptr, acquire);
        if (thing == nullptr) return;
        if (sin == Sin::stranger) thing->number.store(1, relaxed);
        if (broken && sin == Sin::leak) return;
        destroy(thing);
        if (broken && sin == Sin::atomic_after) (void)thing->number.load(relaxed);
        if (broken && sin == Sin::plain_after) (void)read(thing->cell);
    }
    void finish() {
        Thing* const left = slot.load(relaxed);
        if (left != nullptr) destroy(left);
    }
    static constexpr auto threads() { return std::array{&Lives::maker, &Lives::taker}; }
};
template <bool broken>
using Leak = Lives<Sin::leak, broken>;
template <bool broken>
using Twice = Lives<Sin::twice, broken>;
template <bool broken>
using AtomicAfter = Lives<Sin::atomic_after, broken>;
template <bool broken>
using PlainAfter = Lives<Sin::plain_after, broken>;
template <bool broken>
using Stranger = Lives<Sin::stranger, broken>;

TEST(explorer, what_nobody_destroys_is_a_leak) {
    expect_found<Leak>("leak: nobody has destroyed an object of " + std::to_string(sizeof(Thing)) +
                       " bytes that T0 created");
}
TEST(explorer, nothing_is_destroyed_twice) {
    expect_found<Twice>("destroyed twice");
}
TEST(explorer, an_atomic_is_not_used_after_its_life) {
    expect_found<AtomicAfter>("an atomic object is used after its life");
}
TEST(explorer, a_cell_is_not_touched_after_its_life) {
    expect_found<PlainAfter>("a cell is touched after its life");
}
TEST(explorer, an_object_is_not_used_by_who_does_not_know_that_it_was_made) {
    expect_found<Stranger>(
        "race: an atomic object is used by a thread that does not know it was made");
}

// The last use is not told of. It comes first in every execution, and yet it is a race.
enum class Ends { cell, atomic, hidden_atomic };
template <Ends how, bool broken>
struct LastUse {
    Thing* thing = create<Thing>();
    weave::atomic<int> gone{0};
    bool is_destroyed = false;
    void user() {
        (void)(how == Ends::cell ? read(thing->cell) : thing->number.load(relaxed));
        gone.store(1, broken ? relaxed : release);
    }
    void ender() {
        if (gone.load(acquire) == 0) return;
        if (how == Ends::hidden_atomic) return hide(thing->number);
        is_destroyed = true;
        destroy(thing);
    }
    void finish() {
        if (!is_destroyed) destroy(thing);
    }
    static constexpr auto threads() { return std::array{&LastUse::user, &LastUse::ender}; }
};
template <bool broken>
using LastOfCell = LastUse<Ends::cell, broken>;
template <bool broken>
using LastOfAtomic = LastUse<Ends::atomic, broken>;
template <bool broken>
using LastOfHidden = LastUse<Ends::hidden_atomic, broken>;

TEST(explorer, the_end_of_a_life_without_order_is_a_race) {
    expect_found<LastOfCell>(
        "race: written while another thread reads, at "
        "weave/explorer_test.cpp:");
    const std::string what =
        "race: an atomic object is destroyed or put out of use while another thread uses it";
    expect_found<LastOfAtomic>(what);
    expect_found<LastOfHidden>(what);
}

template <bool broken>
struct Foreign {
    plain<int> never_created{0};
    void body() {
        if (broken) destroy(&never_created);
    }
    static constexpr auto threads() { return std::array{&Foreign::body}; }
};
TEST(explorer, only_what_was_created_is_destroyed) {
    expect_found<Foreign>("destroyed, but never created");
}

// ---- Promises ----

enum class In { thread, finish };

// Two increments that are not atomic together.
template <In in, bool broken>
struct Count {
    atomic<int> count{0}, twin{0};
    void body() {
        if (broken) {
            const int seen = count.load(relaxed);
            count.store(seen + 1, relaxed);
        } else {
            (void)count.fetch_add(1, relaxed);
        }
        if (in == In::thread && twin.fetch_add(1, relaxed) == 1)
            expect(count.load(seq_cst) == 2, "none is lost");
    }
    void finish() { expect(in != In::finish || count.load(relaxed) == 2, "none is lost"); }
    static constexpr auto threads() { return std::array{&Count::body, &Count::body}; }
};
template <bool broken>
using CountInThread = Count<In::thread, broken>;
template <bool broken>
using CountInFinish = Count<In::finish, broken>;

TEST(explorer, a_promise_broken_in_a_thread_is_told) {
    expect_found<CountInThread>("broken: none is lost", {.stale_reads = 0});
}
TEST(explorer, a_promise_broken_in_the_end_is_told) {
    expect_found<CountInFinish>("broken: none is lost");
}

template <bool broken>
struct Rise {
    atomic<int> height{0};
    int highest = 0;
    void up() {
        height.store(1, relaxed);
        height.store(broken ? 0 : 2, relaxed);
        height.store(3, relaxed);
    }
    void looker() { (void)height.load(relaxed); }
    void step() {
        expect(height.newest() >= highest, "it never falls");
        highest = height.newest();
    }
    static constexpr auto threads() { return std::array{&Rise::up, &Rise::looker}; }
};
TEST(explorer, a_promise_broken_after_one_step_is_told) {
    expect_found<Rise>("broken: it never falls");
}

}  // namespace
}  // namespace weave
