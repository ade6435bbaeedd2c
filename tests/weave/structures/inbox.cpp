// tests/weave/structures/inbox.cpp - the inbox and its segments, through the grace protocol: from
// just before the opening numbers wrap, with liburcu's own order of operations.
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/grace.hpp>
#include <stator/core/inbox.hpp>

#include "cases.hpp"
#include "parts.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

// An item names its producer and its place among that one's items.
struct Numbered {
    unsigned producer = 0, number = 0;
};

// `each` items from each of `producers`, taken by `takers`, through `segments` of `slots`. When the
// threads start, `before` items have already gone through. `once`: each taker takes once.
template <unsigned producers, unsigned takers, std::size_t slots, std::size_t segments,
          unsigned each, unsigned before, bool once = false>
struct Recycling {
    using Store = OneInbox<Numbered, slots, segments>;

    sync::World world;
    GraceFigures figures;
    GraceThread grace{figures};
    Store store{grace.word, (std::uint64_t{1} << 48) - 1};
    decltype(Store::inbox)& inbox = store.inbox;
    std::array<sync::RcuReader, takers> readers;
    std::array<std::array<unsigned, each>, producers> times_taken{};
    std::array<std::array<unsigned, takers>, producers> last{};
    weave::atomic<unsigned> producing{producers}, taking{takers};

    Recycling() {
        grace.add(grace_source(store));
        for (unsigned i = 0; i < before; ++i) {
            weave::expect(store.put([](Numbered&) noexcept {}) == Submit::accepted,
                          "there is room");
            inbox.taken(inbox.claim(1, 1));
        }
    }

    void producer() {
        const unsigned me = weave::this_thread();
        for (unsigned i = 0; i < each; ++i) {
            for (;;) {
                const std::uint64_t recycled = store.stock.recycled();
                const Submit answer = store.put(
                    [&](Numbered& item) noexcept { item = {.producer = me, .number = i}; });
                if (answer == Submit::accepted) break;
                weave::expect(answer != Submit::closed, "an open inbox does not say closed");
                // Who was refused only waits: the grace thread has been told.
                while (store.stock.recycled() == recycled) weave::relax();
            }
        }
        if (producing.fetch_sub(1, acq_rel) == 1) inbox.close();
    }
    void taker() {
        const unsigned me = weave::this_thread() - producers;
        sync::RcuReader& reader = readers[me];
        for (;;) {
            while (inbox.accepted() == inbox.claimed() && !inbox.drained()) weave::relax();
            reader.online();
            const Claim claim = inbox.claim(2, takers);
            reader.offline();
            for (std::uint32_t i = 0; i < claim.count; ++i) note(inbox.item(claim, i), me);
            if (claim.count > 0) {
                inbox.taken(claim);
                if (once) break;
            } else if (inbox.drained()) {
                break;
            } else {
                weave::relax();
            }
        }
        if (taking.fetch_sub(1, acq_rel) == 1) grace.stop();
    }
    void note(const Numbered& item, unsigned taker) {
        weave::expect(item.producer < producers && item.number < each, "an item is whole");
        weave::expect(++times_taken[item.producer][item.number] == 1, "an item is taken once");
        weave::expect(last[item.producer][taker] <= item.number,
                      "one producer's items come to a taker in order");
        last[item.producer][taker] = item.number;
    }
    void collector() { GraceThread::enter(&grace); }

    void step() const {
        weave::expect(store.stock_words.cooling() <= segments,
                      "no more segments cool than there are");
    }
    void finish() const {
        for (const auto& items : times_taken)
            for (const unsigned times : items) weave::expect(times == 1, "no item is lost");
        weave::expect(store.stock_words.cooling_high.newest() <= segments,
                      "the high water is a true one");
    }
};

using OneToOne = Recycling<1, 1, 1, 2, 3, 0>;
const Played one_to_one(
    {.structure = "inbox",
     .name = "three_items_through_two_segments_of_one_slot",
     .invariants = "ONCE FIFO_PER_PRODUCER SEG_STATE GRACE NO_LOST_WAKE",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2},
     .explore = play<OneToOne, &OneToOne::producer, &OneToOne::taker, &OneToOne::collector>});

// One segment is retired and one is free: one producer finds it, the other needs the first.
using TwoProducers = Recycling<2, 1, 1, 2, 1, 1>;
const Played two_producers(
    {.structure = "inbox",
     .name = "two_producers_race_for_recycled_segments",
     .invariants = "ONCE FIFO_PER_PRODUCER SEG_STATE GRACE NO_LOST_WAKE",
     .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0},
     .explore = play<TwoProducers, &TwoProducers::producer, &TwoProducers::producer,
                     &TwoProducers::taker, &TwoProducers::collector>});

// One segment is retired, the other one is filled, and each taker gets one of its two items.
using TwoTakers = Recycling<1, 2, 2, 2, 2, 2, true>;
const Played two_takers({.structure = "inbox",
                         .name = "two_takers_share_segments_of_two_slots",
                         .invariants = "ONCE FIFO_PER_PRODUCER SEG_STATE GRACE NO_LOST_WAKE",
                         .options = {.stale_reads = 2, .spurious = 0, .together = 2},
                         .explore = play<TwoTakers, &TwoTakers::producer, &TwoTakers::taker,
                                         &TwoTakers::taker, &TwoTakers::collector>});

// A reader may stop for ever, also while it is online, so that no period ends any more. Producers
// are refused then, and wait for nobody.
struct StoppedReader : Recycling<2, 1, 1, 2, 1, 0> {
    void reader() {
        readers[0].online();
        const Claim claim = inbox.claim(1, 1);
        readers[0].offline();
        if (claim.count > 0) inbox.taken(claim);
        leave();
    }
    void hurried() {
        for (int i = 0; i < 3; ++i) {
            const Submit answer = store.put([](Numbered&) noexcept {});
            weave::expect(answer != Submit::closed, "an open inbox does not say closed");
        }
        leave();
    }
    void leave() {
        if (taking.fetch_add(1, acq_rel) == 2) grace.stop();
    }
    void finish() const {
        weave::expect(weave::has_ended(1), "a producer waits for no reader");
        weave::expect(store.stock_words.cooling() <= 2,
                      "a segment that nobody gives back is still counted");
    }
};
const Played stopped_reader(
    {.structure = "inbox",
     .name = "a_reader_that_stops_for_ever_holds_back_memory_and_no_producer",
     .invariants = "GRACE SEG_STATE NO_FALSE_FULL",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2, .crash = 0},
     .explore = play<StoppedReader, &StoppedReader::reader, &StoppedReader::hurried,
                     &StoppedReader::collector>});

// A taker may stay online while it moves items out: then no fence of going offline helps.
struct Online : Recycling<1, 1, 2, 2, 2, 0> {
    void online_taker() {
        readers[0].online();
        for (unsigned taken = 0; taken < 2;) {
            const Claim claim = inbox.claim(2, 1);
            for (std::uint32_t i = 0; i < claim.count; ++i) note(inbox.item(claim, i), 0);
            if (claim.count > 0) inbox.taken(claim);
            taken += claim.count;
            if (claim.count == 0) weave::relax();
        }
        readers[0].offline();
    }
};
const Played online({.structure = "inbox",
                     .name = "items_are_whole_for_a_taker_that_stays_online",
                     .invariants = "ONCE FIFO_PER_PRODUCER",
                     .options = {.stale_reads = 2, .together = 2},
                     .explore = play<Online, &Online::producer, &Online::online_taker>});

// Two batches of three items for four slots: each goes on in the next segment, and what has no room
// is not touched.
struct Batches : Recycling<2, 1, 2, 2, 3, 0> {
    std::array<std::size_t, 2> accepted{};

    void batcher() {
        const unsigned me = weave::this_thread();
        const Batched done = inbox.put(3, [&](Numbered& item, std::size_t i) noexcept {
            item = {.producer = me, .number = static_cast<unsigned>(i)};
        });
        weave::expect((done.answer == Submit::accepted) == (done.accepted == 3),
                      "a batch that is accepted is so as a whole");
        accepted[me] = done.accepted;
    }
    void batch_taker() {
        for (unsigned taken = 0; taken < 4;) {
            readers[0].online();
            const Claim claim = inbox.claim(2, 1);
            readers[0].offline();
            for (std::uint32_t i = 0; i < claim.count; ++i) note(inbox.item(claim, i), 0);
            if (claim.count > 0) inbox.taken(claim);
            taken += claim.count;
            if (claim.count == 0) weave::relax();
        }
    }
    void finish() const {
        weave::expect(accepted[0] + accepted[1] == 4, "four slots take four items");
        for (std::size_t p = 0; p < 2; ++p)
            for (std::size_t i = 0; i < 3; ++i)
                weave::expect(times_taken[p][i] == (i < accepted[p] ? 1u : 0u),
                              "what was accepted is taken, and nothing else");
    }
};
const Played batches(
    {.structure = "inbox",
     .name = "batches_go_on_in_the_next_segment",
     .invariants = "ONCE FIFO_PER_PRODUCER NO_FALSE_FULL",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2},
     .explore = play<Batches, &Batches::batcher, &Batches::batcher, &Batches::batch_taker>});

// "Full" is true: of two segments of one slot none cools, and every slot holds an item.
struct TrueRefusal : Recycling<2, 1, 1, 2, 1, 0> {
    weave::atomic<unsigned> put_in{0};

    void hopeful() {
        const std::uint64_t recycled = store.stock.recycled();
        const Submit answer = store.put([](Numbered&) noexcept {});
        if (answer == Submit::accepted) (void)put_in.fetch_add(1, relaxed);  // a count alone
        weave::expect(answer == Submit::accepted || put_in.newest() + recycled >= 1,
                      "nobody is refused by an empty inbox");
    }
    void finish() const {
        weave::expect(put_in.newest() == 2, "two slots take two items");
        weave::expect(inbox.accepted() == 2, "what was accepted is inside");
    }
};
const Played true_refusal(
    {.structure = "inbox",
     .name = "two_producers_find_two_free_slots",
     .invariants = "NO_FALSE_FULL",
     .options = {.stale_reads = 2, .together = 2},
     .explore = play<TrueRefusal, &TrueRefusal::hopeful, &TrueRefusal::hopeful>});

// "Empty" is true: what was put in before somebody told the taker is found.
struct TrueEmptiness : Recycling<1, 1, 2, 2, 1, 0> {
    weave::atomic<bool> told{false};

    void teller() {
        weave::expect(store.put([](Numbered&) noexcept {}) == Submit::accepted, "there is room");
        told.store(true, release);  // the taker acquires it
    }
    void late_producer() {
        if (told.load(relaxed))  // only behind the other one
            (void)store.put([](Numbered&) noexcept {});
    }
    void asker() {
        if (!told.load(acquire)) return;  // the teller releases it
        readers[0].online();
        weave::expect(inbox.has_ready(), "an inbox with a ready item is not said to be empty");
        const Claim claim = inbox.claim(2, 1);
        readers[0].offline();
        weave::expect(claim.count > 0, "what is ready can be claimed");
    }
    void finish() const { weave::expect(inbox.accepted() >= 1, "the first one found room"); }
};
const Played true_emptiness(
    {.structure = "inbox",
     .name = "what_is_inside_is_found",
     .invariants = "NO_FALSE_EMPTY",
     .options = {.stale_reads = 2, .together = 2},
     .explore = play<TrueEmptiness, &TrueEmptiness::teller, &TrueEmptiness::late_producer,
                     &TrueEmptiness::asker>});

// Two items lie ready, and two producers fill the slots behind them: the later one may be first.
struct GapBetween : Recycling<2, 1, 4, 2, 1, 0> {
    GapBetween() {
        for (int i = 0; i < 2; ++i)
            weave::expect(store.put([](Numbered& item) noexcept { item = {}; }) == Submit::accepted,
                          "there is room");
    }
    void late() {
        (void)store.put([](Numbered& item) noexcept { item = {.producer = 1, .number = 1}; });
    }
    void taker() {
        readers[0].online();
        const Claim claim = inbox.claim(4, 1);
        readers[0].offline();
        weave::expect(claim.count >= 2 && claim.count <= 4, "what lies ready is found");
        for (std::size_t i = 2; i < claim.count; ++i)
            weave::expect(inbox.item(claim, i).number == 1, "a claimed item is whole");
        inbox.taken(claim);
    }
    void finish() const { weave::expect(inbox.accepted() == 4, "all found room"); }
};
const Played gap_between(
    {.structure = "inbox",
     .name = "a_slot_that_is_not_ready_ends_a_claim",
     .invariants = "ONCE SEG_STATE",
     .options = {.stale_reads = 2, .together = 2},
     .explore = play<GapBetween, &GapBetween::late, &GapBetween::late, &GapBetween::taker>});

}  // namespace
}  // namespace stator::test
