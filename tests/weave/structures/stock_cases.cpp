// tests/weave/structures/stock_cases.cpp - how segments are given to the inboxes of a node: who
// gives them, the reserve and the quotas; and the word that says which inboxes have something.
//
// From just before opening numbers and the reserve's generations wrap. What a model needs
// beforehand is done in its constructor, where nothing is a step.
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include <stator/core/grace.hpp>
#include <stator/core/grants.hpp>
#include <stator/core/inbox_words.hpp>
#include <stator/core/intake.hpp>
#include <stator/core/segment_stock.hpp>
#include <stator/core/task.hpp>
#include <stator/core/wait_word.hpp>
#include <structures/cases.hpp>

namespace stator::test {
namespace {

using enum std::memory_order;

// ---- Grants ----

constexpr std::uint64_t wrap = std::uint64_t{1} << 48;

template <std::size_t segments, std::uint64_t begin = wrap - 1>
struct Giving {
    static constexpr std::uint64_t first = begin;
    weave::atomic<std::uint64_t> next{0};
    Grants<segments> grants{next, first};
    std::array<sync::plain<unsigned>, segments> cleaned{};  // before it is given

    void give(std::uint32_t segment) {
        sync::write(cleaned[segment]) = 1;
        grants.give(segment);
    }
    void check(std::uint32_t segment) {
        weave::expect(segment < segments, "an entry is whole");
        weave::expect(sync::read(cleaned[segment]) == 1, "a period has passed");
    }
};

// Two give one each: a producer from the reserve, and the grace thread. A reader follows them.
struct TwoGivers : Giving<2> {
    void giver() { give(weave::this_thread()); }
    void reader() {
        const std::uint32_t second = grants.granted(first + 1);
        if (second != grants.none) {
            check(second);
            weave::expect(grants.granted(first) == 1 - second, "openings are given in order");
        }
        weave::expect(grants.opened(first) == grants.none, "what is given is not open yet");
    }
    void finish() {
        const std::uint32_t one = grants.granted(first);
        weave::expect(one <= 1 && grants.granted(first + 1) == 1 - one, "each is given once");
        weave::expect(next.newest() == first + 2, "both count");
        weave::expect(grants.granted(first + 2) == grants.none, "and no other");
    }
};
const Played two_givers(
    {.structure = "grants",
     .name = "two_givers_fill_two_openings_in_order",
     .invariants = "GRANT_ONCE COUNT_SANE",
     .options = {},
     .explore = play<TwoGivers, &TwoGivers::giver, &TwoGivers::giver, &TwoGivers::reader>});

// One giver stops for ever, also between its entry and the count: the other one goes past it.
struct StoppedGiver : Giving<2> {
    void giver() { give(0); }
    void other() {
        give(1);
        const bool is_first = grants.granted(first) == 1;
        weave::expect(is_first || grants.granted(first + 1) == 1, "what was given can be seen");
        weave::expect(next.newest() >= first + (is_first ? 1 : 2), "and counts");
    }
    void finish() const { weave::expect(weave::has_ended(1), "a giver waits for no other one"); }
};
const Played stopped_giver(
    {.structure = "grants",
     .name = "a_giver_that_stops_for_ever_is_helped",
     .invariants = "GRANT_ONCE",
     .options = {.crash = 0},
     .explore = play<StoppedGiver, &StoppedGiver::giver, &StoppedGiver::other>});

// Openings go round the entries under the eyes of a slow giver and a slow reader.
struct RoundAgain : Giving<2, wrap> {
    RoundAgain() { give(0); }
    void slow() { give(1); }
    void quick() {
        // Opening `first` is over, and segment 0 is free again.
        grants.open(first);
        weave::expect(grants.opened(first) == 0, "what has been opened is open");
        give(0);
    }
    void reader() {
        const std::uint32_t was = grants.opened(first);
        weave::expect(was == 0 || was == grants.none, "an opening keeps its segment");
        const std::uint32_t third = grants.granted(first + 2);
        if (third == grants.none) return;
        check(third);
        weave::expect(grants.opened(first) == grants.none, "an opening that is over is not open");
        weave::expect(grants.granted(first) == grants.none, "nor granted");
    }
    void finish() {
        const std::uint32_t second = grants.granted(first + 1), third = grants.granted(first + 2);
        weave::expect(second <= 1 && third == 1 - second, "each is given once");
        weave::expect(next.newest() == first + 3, "all count");
    }
};
const Played round_again(
    {.structure = "grants",
     .name = "a_slow_giver_meets_the_next_round",
     .invariants = "GRANT_ONCE COUNT_SANE",
     .options = {},
     .explore = play<RoundAgain, &RoundAgain::slow, &RoundAgain::quick, &RoundAgain::reader>});

// Who finds an opening open sees what was done before it was opened.
struct Opening : Giving<2> {
    sync::plain<unsigned> revealed = 0;
    Opening() { give(1); }
    void producer() {
        sync::write(revealed) = 1;
        grants.open(first);
    }
    void taker() {
        const std::uint32_t segment = grants.opened(first);
        if (segment == grants.none) return;
        weave::expect(segment == 1, "it is the one that was granted");
        weave::expect(sync::read(revealed) == 1, "what was done before is seen");
    }
    void finish() { weave::expect(grants.opened(first) == 1, "what has been opened is open"); }
};
const Played opening({.structure = "grants",
                      .name = "a_segment_is_touched_once_it_is_open",
                      .invariants = "SEG_STATE",
                      .options = {},
                      .explore = play<Opening, &Opening::producer, &Opening::taker>});

// ---- The reserve ----

template <std::size_t segments>
struct Reserve {
    // Two more, and the generation wraps.
    static constexpr std::uint64_t generation = (std::uint64_t{1} << 47) - segments - 2;
    using Stock = SegmentStock<int, 1, segments>;
    StockWords words;
    Stock stock{words, generation};
    std::array<unsigned, segments> owners{};

    std::uint32_t draw() {
        const std::uint32_t segment = stock.draw(0);
        if (segment == Stock::none) return segment;
        weave::expect(segment < segments, "a segment is one of the stock's");
        weave::expect(++owners[segment] == 1, "a segment is drawn by one");
        return segment;
    }
    void give_back(std::uint32_t segment) {
        --owners[segment];
        stock.give_back(segment);
    }
    void step() const {
        weave::expect(words.held[0].newest() <= segments, "no more are held than there are");
        weave::expect(words.free.newest() == segments, "what is not open is free");
    }
    void count(std::size_t out) {
        weave::expect(words.held[0].newest() == out, "what has been given back is not held");
        for (std::size_t i = out; i < segments; ++i)
            weave::expect(draw() != Stock::none, "no segment is lost");
        weave::expect(draw() == Stock::none, "nor found twice");
    }
};

// One is slow between its look at the top and its exchange; meanwhile the top comes back.
struct DrawAndBack : Reserve<3> {
    std::size_t out = 0;
    void slow() {
        if (draw() != Stock::none) ++out;
    }
    void quick() {
        const std::uint32_t one = draw(), other = draw();
        if (other != Stock::none) ++out;
        if (one != Stock::none) give_back(one);
    }
    void finish() { count(out); }
};
const Played draw_and_back({.structure = "segment_stock",
                            .name = "a_segment_of_the_reserve_is_drawn_by_one",
                            .invariants = "SEG_STATE COUNT_SANE",
                            .options = {},
                            .explore = play<DrawAndBack, &DrawAndBack::slow, &DrawAndBack::quick>});

struct Exhausted : Reserve<2> {
    std::array<bool, 3> has{};
    void drawer() { has[weave::this_thread()] = draw() != Stock::none; }
    void finish() {
        weave::expect(has[0] + has[1] + has[2] == 2, "two of three find one of two");
        count(2);
    }
};
const Played exhausted(
    {.structure = "segment_stock",
     .name = "a_reserve_of_two_gives_two_and_no_more",
     .invariants = "SEG_STATE COUNT_SANE NO_FALSE_FULL",
     .options = {},
     .explore = play<Exhausted, &Exhausted::drawer, &Exhausted::drawer, &Exhausted::drawer>});

// What has been done to a segment before it is given back is seen by whoever draws it.
struct Cleaned : Reserve<2> {
    sync::plain<unsigned> done = 0;
    Cleaned() {
        while (draw() != Stock::none) {
        }
    }
    void giver() {
        sync::write(done) = 1;
        give_back(0);
    }
    void drawer() {
        if (draw() != Stock::none)
            weave::expect(sync::read(done) == 1, "what was done before is seen");
    }
};
const Played cleaned({.structure = "segment_stock",
                      .name = "what_was_done_to_a_segment_is_seen_by_who_draws_it",
                      .invariants = "GRACE",
                      .options = {},
                      .explore = play<Cleaned, &Cleaned::giver, &Cleaned::drawer>});

// ---- Intake ----

// A task by value that names its producer and its place.
struct ByValue {
    unsigned producer, number;
    void operator()() const {}
};
[[nodiscard]] ByValue value_of(const TaskBody& body) {
    return *std::launder(reinterpret_cast<const ByValue*>(body.captures.data()));
}
// The same, with memory of its own.
struct Intrusive : Task {
    Intrusive() : Task([](Task&) { return Outcome::done; }) {}
    sync::plain<unsigned> content = 0;
    unsigned times = 0;
};

template <std::size_t slots, std::size_t segments, std::size_t priorities, std::size_t quota,
          unsigned intrusive = 1, std::uint64_t first = wrap - 1>
struct Node {
    static constexpr unsigned each_max = 8;
    sync::World world;
    StockWords words;
    std::array<InboxWords, priorities> inbox_words;
    GraceFigures figures;
    GraceThread grace{figures};
    Intake<slots, segments, priorities> intake{words, inbox_words, grace.word, quota, first};
    std::array<sync::RcuReader, 3> readers;
    std::array<std::array<unsigned, each_max>, 3> times{};  // of each producer's tasks
    std::array<unsigned, 3> put_in{}, next{};
    std::array<Intrusive, intrusive> tasks;
    unsigned had = 0;

    Node() { grace.add(grace_source(intake)); }

    // The next `n` tasks of a producer, by default the calling thread.
    Batched put(unsigned priority, std::size_t n, unsigned producer) {
        const unsigned from = put_in[producer];
        const Batched done = intake.put(priority, n, [&](TaskBody& body, std::size_t i) noexcept {
            body.put<"task">(ByValue{producer, from + static_cast<unsigned>(i)});
        });
        weave::expect((done.accepted == n) == (done.answer == Submit::accepted),
                      "the answer is that of the first one that was not taken");
        put_in[producer] += static_cast<unsigned>(done.accepted);
        return done;
    }
    Submit put(unsigned priority) { return put(priority, 1, weave::this_thread()).answer; }
    bool push(unsigned priority, unsigned i) {
        sync::write(tasks[i].content) = 1;
        TaskBatch batch(tasks[i]);
        return intake.push(priority, batch);
    }

    // Up to `most` tasks of a priority, as `reader`; how many.
    std::size_t claim(unsigned priority, std::size_t most, std::size_t reader) {
        auto& inbox = intake.inbox(priority);
        readers[reader].online();
        const Claim claim = inbox.claim(most, 1);
        readers[reader].offline();
        for (std::uint32_t i = 0; i < claim.count; ++i) {
            const ByValue task = value_of(inbox.item(claim, i));
            weave::expect(task.producer < 3 && task.number < each_max, "a task is whole");
            weave::expect(++times[task.producer][task.number] == 1, "a task is taken once");
            weave::expect(task.number == next[task.producer]++, "tasks come in order");
            ++had;
        }
        if (claim.count > 0) inbox.taken(claim);
        return claim.count;
    }
    std::size_t take(unsigned priority, std::size_t most) {
        std::size_t n = 0;
        (void)intake.queue(priority).take(most, [&](Task& task) {
            auto& one = static_cast<Intrusive&>(task);
            weave::expect(sync::read(one.content) == 1, "a task is whole");
            weave::expect(++one.times == 1, "a task is taken once");
            ++n;
            ++had;
        });
        return n;
    }
    [[nodiscard]] bool clear(unsigned priority, std::size_t reader) {
        readers[reader].online();
        const bool cleared = intake.clear(priority);
        readers[reader].offline();
        return cleared;
    }
    [[nodiscard]] bool look(std::size_t reader) {
        readers[reader].online();
        const bool found = intake.look();
        readers[reader].offline();
        return found;
    }
    std::size_t give_back() { return intake.grant(intake.collect()); }
    void collector() { GraceThread::enter(&grace); }

    [[nodiscard]] std::uint64_t held() const {
        std::uint64_t n = 0;
        for (std::size_t i = 0; i < priorities; ++i) n += words.held[i].newest();
        return n;
    }
    void step() const {
        weave::expect(words.free.newest() <= segments, "no more segments are free than there are");
        for (std::size_t i = 0; i < priorities; ++i)
            weave::expect(words.held[i].newest() <= segments, "nor held");
        weave::expect(words.returned.newest() <= words.retired.newest(),
                      "what comes back has been retired");
        weave::expect(words.cooling() <= segments && words.cooling_high.newest() <= segments,
                      "nor retired and cooling");
    }
    // All is quiet: nothing is inside, and nothing cools.
    void count_segments() {
        (void)give_back();
        weave::expect(words.cooling() == 0, "all that was retired comes back");
        const std::uint64_t free = words.free.newest();
        std::uint64_t open = 0;
        for (std::size_t i = 0; i < priorities; ++i)
            open += (inbox_words[i].tail.newest() & ~InboxWords::closed_bit) % slots != 0 ? 1 : 0;
        weave::expect(free + open == segments, "a segment is free or open");
        std::uint64_t in_reserve = 0;
        while (intake.stock().draw(priorities) != Stock::none) ++in_reserve;
        weave::expect(held() + in_reserve == segments, "a segment is held or in the reserve");
    }
    using Stock = SegmentStock<TaskBody, slots, segments>;
};

// ---- Quotas ----

// A burst at one priority uses everything but the quota of the other, which always has room.
struct Burst : Node<1, 3, 2, 1> {
    std::array<Submit, 3> answers{};
    void burst() { answers[weave::this_thread()] = put(0); }
    void calm() { weave::expect(put(1) == Submit::accepted, "a quota is never used by others"); }
    void finish() {
        weave::expect(answers[0] == Submit::accepted && answers[1] == Submit::accepted,
                      "a burst has its quota and the reserve");
        for (int i = 0; i < 2; ++i)
            weave::expect(put(i == 0 ? 0 : 1, 1, 0).answer == Submit::full, "and no more");
        for (const unsigned priority : {0u, 0u, 1u})
            weave::expect(claim(priority, 1, 0) == 1, "what was accepted is there");
        count_segments();
    }
};
const Played burst({.structure = "intake",
                    .name = "a_burst_leaves_the_quotas_of_others_alone",
                    .invariants = "NO_FALSE_FULL COUNT_SANE",
                    .options = {.stale_reads = 2},
                    .explore = play<Burst, &Burst::burst, &Burst::burst, &Burst::calm>});

// Segments come back to their inbox as long as its quota is not there, and to the reserve then.
struct QuotaReturns : Node<1, 3, 2, 1> {
    void everybody() {
        for (unsigned round = 0; round < 3; ++round) {
            const unsigned p = round % 2;
            weave::expect(put(p, 2, p).accepted == 2, "quota and reserve are there");
            weave::expect(words.held[p].newest() == 2, "both are held");
            weave::expect(put(p, 1, p).answer == Submit::full, "and no more");
            weave::expect(claim(p, 1, 0) == 1 && claim(p, 1, 0) == 1, "and are taken");
            weave::expect(words.held[p].newest() == 0, "what is retired is not held");
            weave::expect(put(p, 1, p).answer == Submit::full_cooling, "it is said to cool");
            weave::expect(give_back() == 2, "both come back");
            weave::expect(words.held[p].newest() == 1, "one to its inbox, one to the reserve");
        }
        count_segments();
    }
};
const Played quota_returns({.structure = "intake",
                            .name = "segments_return_to_a_quota_and_then_to_the_reserve",
                            .invariants = "COUNT_SANE NO_FALSE_FULL SEG_STATE",
                            .options = {.preemptions = 0},
                            .explore = play<QuotaReturns, &QuotaReturns::everybody>});

// Two segments cool that no quota wants: a producer of either priority is told so, until they are
// in the reserve.
template <unsigned asked>
struct TrueAnswer : Node<1, 4, 2, 1> {
    TrueAnswer() {
        weave::expect(this->put(0, 3, 0).accepted == 3 && this->put(1, 1, 2).accepted == 1,
                      "there is room");
        for (int i = 0; i < 2; ++i) weave::expect(this->claim(0, 1, 0) == 1, "and a task");
    }
    void producer() {
        for (;;) {
            const Submit answer = this->put(asked, 1, 1).answer;
            if (answer == Submit::accepted) break;
            weave::expect(answer == Submit::full_cooling, "what comes back is announced");
            weave::relax();
        }
        this->grace.stop();
    }
};
const Played own_answer(
    {.structure = "intake",
     .name = "full_is_not_said_while_a_segment_comes_back_to_the_quota",
     .invariants = "NO_FALSE_FULL NO_LOST_WAKE COUNT_SANE",
     .options = {.stale_reads = 2, .spurious = 0},
     .explore = play<TrueAnswer<0>, &TrueAnswer<0>::producer, &TrueAnswer<0>::collector>});
const Played others_answer(
    {.structure = "intake",
     .name = "full_is_not_said_while_another_priority_s_segment_cools",
     .invariants = "NO_FALSE_FULL NO_LOST_WAKE COUNT_SANE",
     .options = {.stale_reads = 2, .spurious = 0},
     .explore = play<TrueAnswer<1>, &TrueAnswer<1>::producer, &TrueAnswer<1>::collector>});

// A producer draws for an inbox to which the grace thread gives at the same time.
template <std::size_t quota>
struct TwoGranters : Node<1, 2 * quota + 1, 2, quota> {
    TwoGranters() {
        for (std::size_t i = 0; i < quota; ++i)
            weave::expect(this->put(0, 1, 2).accepted == 1 && this->claim(0, 1, 0) == 1,
                          "there is room");
    }
    void producer() {
        const Submit answer = this->put(0, 1, weave::this_thread()).answer;
        weave::expect(answer != Submit::full, "what comes back is announced");
    }
    void granter() { weave::expect(this->give_back() == quota, "what was retired comes back"); }
    void finish() {
        const std::size_t inside = this->put_in[0] + this->put_in[1];
        weave::expect(inside >= 1, "the reserve has one");
        weave::expect(this->words.held[0].newest() >= quota, "an inbox has its quota");
        weave::expect(this->words.held[1].newest() == quota, "and so has the other");
        for (std::size_t i = 0; i < inside; ++i)
            weave::expect(this->claim(0, 1, 0) == 1, "what was accepted is taken");
        this->count_segments();
    }
};
const Played two_granters(
    {.structure = "intake",
     .name = "a_producer_and_the_grace_thread_give_to_one_inbox",
     .invariants = "GRANT_ONCE COUNT_SANE SEG_STATE",
     .options = {.stale_reads = 2},
     .explore = play<TwoGranters<1>, &TwoGranters<1>::producer, &TwoGranters<1>::granter>});
const Played quota_kept(
    {.structure = "intake",
     .name = "a_segment_that_was_not_needed_is_not_missing_in_a_quota",
     .invariants = "GRANT_ONCE COUNT_SANE SEG_STATE",
     .options = {.stale_reads = 2},
     .explore = play<TwoGranters<2>, &TwoGranters<2>::producer, &TwoGranters<2>::granter>});
const Played three_granters({.structure = "intake",
                             .name = "two_producers_and_the_grace_thread_give_to_one_inbox",
                             .invariants = "GRANT_ONCE COUNT_SANE SEG_STATE",
                             .options = {.stale_reads = 1, .spurious = 0, .together = 2},
                             .explore = play<TwoGranters<1>, &TwoGranters<1>::producer,
                                             &TwoGranters<1>::producer, &TwoGranters<1>::granter>});

// A segment is retired again while the grace thread still counts that it has come back.
struct RetiredAgain : Node<1, 2, 1, 2> {
    RetiredAgain() {
        weave::expect(put(0, 2, 2).accepted == 2 && claim(0, 1, 0) == 1, "there is room");
    }
    void granter() { weave::expect(give_back() >= 1, "what was retired comes back"); }
    void other() {
        (void)put(0);
        while (claim(0, 1, 0) > 0) {
        }
    }
    void finish() { count_segments(); }
};
const Played retired_again(
    {.structure = "segment_stock",
     .name = "no_more_segments_cool_than_there_are",
     .invariants = "COUNT_SANE",
     .options = {},
     .explore = play<RetiredAgain, &RetiredAgain::granter, &RetiredAgain::other>});

// A segment goes from one inbox to the other, and has an opening of the same number there: items of
// the first one do not count in the second.
struct SameNumber : Node<2, 3, 2, 1, 1, wrap - 9> {
    SameNumber() {
        // In its inbox of priority 0 the reserve's segment has the second opening.
        weave::expect(put(0, 4, 0).accepted == 4 && claim(0, 2, 0) == 2, "two segments are open");
        weave::expect(give_back() == 1 && put(0, 1, 0).accepted == 1, "and a third one");
        weave::expect(claim(0, 2, 0) == 2 && give_back() == 1, "it is in the reserve again");
        weave::expect(put(1, 2, 1).accepted == 2 && claim(1, 2, 0) == 2, "a first opening is over");
    }
    void producer() { weave::expect(put(1, 1, 1).accepted == 1, "the reserve has one"); }
    void taker() { (void)claim(1, 2, 0); }
    void finish() {
        weave::expect(intake.inbox(1).claimed() <= 3, "what was not put in is not taken");
        (void)claim(1, 2, 0);
        weave::expect(had == 7, "no task is lost");
    }
};
const Played same_number({.structure = "inbox",
                          .name = "an_opening_of_the_same_number_in_another_inbox_does_not_count",
                          .invariants = "ONCE SEG_STATE",
                          .options = {},
                          .explore = play<SameNumber, &SameNumber::producer, &SameNumber::taker>});

// ---- A put of many ----

// Batches of two cross from one segment of two slots into the next.
struct Crossing : Node<2, 3, 1, 3> {
    Crossing() { weave::expect(put(0, 1, 2).accepted == 1, "there is room"); }
    void producer() {
        weave::expect(put(0, 2, weave::this_thread()).accepted == 2, "there is room");
    }
    void taker() {
        for (int i = 0; i < 2; ++i)
            if (claim(0, 2, 0) == 0) weave::relax();
    }
    void finish() {
        while (claim(0, 2, 0) > 0) {
        }
        weave::expect(had == 5 && intake.inbox(0).accepted() == 5, "no task is lost");
        count_segments();
    }
};
const Played crossing(
    {.structure = "inbox",
     .name = "batches_cross_the_border_of_a_segment",
     .invariants = "ONCE FIFO_PER_PRODUCER COUNT_SANE",
     .options = {.stale_reads = 1, .together = 2},
     .explore = play<Crossing, &Crossing::producer, &Crossing::producer, &Crossing::taker>});

// As much of a batch as there is room for, and the reason for the rest; the end may come between.
struct Partial : Node<2, 2, 1, 2> {
    std::array<Batched, 2> answers{};
    void producer() {
        const unsigned me = weave::this_thread();
        answers[me] = put(0, 3, me);
    }
    void closer() { intake.close(); }
    void finish() {
        const std::size_t all = answers[0].accepted + answers[1].accepted;
        bool closed = false;
        for (const Batched& one : answers) {
            weave::expect(one.answer != Submit::full || all == 4, "full is said of a full inbox");
            weave::expect(one.answer != Submit::full_cooling, "nothing cools");
            closed |= one.answer == Submit::closed;
        }
        weave::expect(closed || all == 4, "all that has room is accepted");
        weave::expect(intake.drained() == (all == 0), "what is inside is not drained");
        while (claim(0, 2, 0) > 0) {
        }
        weave::expect(had == all && intake.drained(), "what was accepted is taken");
        weave::expect(put(0, 1, 2).answer == Submit::closed, "a closed inbox says so");
    }
};
const Played partial(
    {.structure = "inbox",
     .name = "of_a_batch_as_much_is_accepted_as_has_room",
     .invariants = "NO_FALSE_FULL SHUTDOWN_DRAINS ONCE",
     .options = {.stale_reads = 2, .together = 3},
     .explore = play<Partial, &Partial::producer, &Partial::producer, &Partial::closer>});

// ---- Which priorities have something ----

// What is inside has its bit in the end, however producers, takers that leave some, and takers that
// find nothing meet.
struct Bits : Node<2, 3, 2, 1, 2> {
    // As core/task_taker.hpp does.
    void taker() {
        const std::size_t me = weave::this_thread() % 2;
        for (int i = 0; i < 2; ++i) {
            if ((intake.ready() & 2) == 0 || claim(1, 1, me) > 0) continue;
            if (take(1, 1) > 0) {
                if (!intake.queue(1).seems_empty()) intake.mark(1);
                continue;
            }
            (void)clear(1, me);
        }
    }
    void finish() {
        const bool inside = intake.inbox(1).has_ready() || intake.queue(1).look();
        weave::expect(!inside || (intake.ready() & 2) != 0, "what is inside has its bit");
        weave::expect((intake.ready() & 1) == 0, "nothing else has one");
    }
};
// By value: one is alone and clears, while one is put in.
struct BitOfInbox : Bits {
    void producer() { weave::expect(put(1) == Submit::accepted, "there is room"); }
    void clearer() {
        intake.mark(1);
        (void)clear(1, 1);
    }
};
const Played bit_of_inbox(
    {.structure = "intake",
     .name = "a_bit_that_is_cleared_beside_a_put_is_set_again",
     .invariants = "READY_BIT",
     .options = {.stale_reads = 2},
     .explore = play<BitOfInbox, &BitOfInbox::producer, &BitOfInbox::clearer>});
struct BitOfQueue : Bits {
    void producer() { weave::expect(push(1, 0), "an open queue takes tasks"); }
    void clearer() {
        intake.mark(1);
        (void)clear(1, 1);
    }
};
const Played bit_of_queue(
    {.structure = "intake",
     .name = "a_bit_that_is_cleared_beside_a_push_is_set_again",
     .invariants = "READY_BIT",
     .options = {.stale_reads = 2},
     .explore = play<BitOfQueue, &BitOfQueue::producer, &BitOfQueue::clearer>});
// One taker has the queue's part and leaves something, while another one finds it taken and clears.
struct BitOfLeft : Bits {
    BitOfLeft() { weave::expect(push(1, 0), "an open queue takes tasks"); }
    void producer() { weave::expect(push(1, 1), "an open queue takes tasks"); }
};
const Played bit_of_left(
    {.structure = "intake",
     .name = "what_a_taker_leaves_has_its_bit",
     .invariants = "READY_BIT ONCE",
     .options = {.stale_reads = 1, .together = 2},
     .explore = play<BitOfLeft, &BitOfLeft::taker, &BitOfLeft::taker, &BitOfLeft::producer>});

// Who is told after a put finds the bit, and cannot clear it.
struct NotCleared : Node<2, 3, 2, 1> {
    weave::atomic<bool> told{false};
    void producer() {
        weave::expect(put(1) == Submit::accepted && push(0, 0), "there is room");
        told.store(true, release);  // the taker acquires it
    }
    void taker() {
        if (!told.load(acquire)) return;  // the producer releases it
        weave::expect(intake.ready() == 3, "what is inside has its bit");
        weave::expect(!clear(0, 0) && !clear(1, 0) && look(0), "and keeps it");
        weave::expect(intake.ready() == 3, "as long as it is inside");
        weave::expect(take(0, 2) == 1 && look(0), "until it is taken");
        weave::expect(claim(1, 2, 0) == 1 && !look(0), "and so the other");
        weave::expect(clear(0, 0) && intake.ready() == 2, "then it can be cleared");
        weave::expect(clear(1, 0), "and so the other");
        weave::expect(intake.ready() == 0, "and both are");
    }
};
const Played not_cleared({.structure = "intake",
                          .name = "the_bit_of_what_is_inside_stays",
                          .invariants = "READY_BIT NO_FALSE_EMPTY",
                          .options = {},
                          .explore = play<NotCleared, &NotCleared::producer, &NotCleared::taker>});

// ---- The hand-shake ----

// Of one who puts in and then asks whether somebody sleeps, and one who says so and then looks, one
// sees the other. One who clears the bit meanwhile may hide it from the look: then it knows itself.
template <std::size_t priorities, bool by_value>
struct Handshake : Node<2, 3, priorities, 1> {
    weave::atomic<unsigned> sleepers{0};
    bool seen = false, found = false, knows = false;

    void producer() {
        if (by_value)
            weave::expect(this->put(0) == Submit::accepted, "there is room");
        else
            weave::expect(this->push(0, 0), "an open queue takes tasks");
        seen = sleepers.load(relaxed) != 0;  // ordered by the intake's word, as in core/idle.hpp
    }
    void sleeper() {
        (void)sleepers.fetch_or(1, acq_rel);
        found = this->look(0);
    }
    void clearer() { knows = !this->clear(0, 1); }
    void finish() const { weave::expect(seen || found || knows, "no task waits beside a sleeper"); }
};
using OneInbox = Handshake<1, true>;
const Played one_inbox({.structure = "intake",
                        .name = "a_put_and_a_last_look_do_not_miss_each_other",
                        .invariants = "STEAL_LIVENESS",
                        .options = {},
                        .explore = play<OneInbox, &OneInbox::producer, &OneInbox::sleeper>});
using OneQueue = Handshake<1, false>;
const Played one_queue({.structure = "intake",
                        .name = "a_push_and_a_last_look_do_not_miss_each_other",
                        .invariants = "STEAL_LIVENESS",
                        .options = {},
                        .explore = play<OneQueue, &OneQueue::producer, &OneQueue::sleeper>});
using TwoInboxes = Handshake<2, true>;
const Played two_inboxes(
    {.structure = "intake",
     .name = "of_two_priorities_none_is_missed_by_a_last_look",
     .invariants = "STEAL_LIVENESS READY_BIT",
     .options = {.stale_reads = 2},
     .explore = play<TwoInboxes, &TwoInboxes::producer, &TwoInboxes::sleeper>});
using Cleared = Handshake<2, true>;
const Played cleared(
    {.structure = "intake",
     .name = "a_last_look_beside_one_who_clears_misses_nothing",
     .invariants = "STEAL_LIVENESS READY_BIT",
     .options = {.stale_reads = 1, .together = 2},
     .explore = play<Cleared, &Cleared::producer, &Cleared::sleeper, &Cleared::clearer>});

// ---- The whole circle ----

// Two producers of a priority each, a taker, and the grace thread: two priorities share three
// segments.
struct Circle : Node<1, 3, 2, 1> {
    static constexpr std::array<unsigned, 2> each = {2, 1};
    void producer() {
        const unsigned me = weave::this_thread();
        while (put_in[me] < each[me]) {
            const std::uint64_t recycled = intake.stock().recycled();
            if (put(me) == Submit::accepted) continue;
            while (intake.stock().recycled() == recycled) weave::relax();
        }
    }
    void taker() {
        Ageing turn;
        while (had < each[0] + each[1]) {
            const std::uint64_t bits = intake.ready();
            if (bits == 0) {
                weave::relax();
                continue;
            }
            const unsigned priority = turn.choose(bits, 2);
            if (claim(priority, 1, 0) == 0) (void)clear(priority, 0);
        }
        grace.stop();
    }
    void finish() {
        weave::expect(had == each[0] + each[1], "no task is lost");
        count_segments();
    }
};
const Played circle({.structure = "intake",
                     .name = "two_priorities_share_three_segments",
                     .invariants = "ONCE FIFO_PER_PRODUCER SEG_STATE GRACE COUNT_SANE NO_LOST_WAKE",
                     .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0, .together = 1},
                     .explore = play<Circle, &Circle::producer, &Circle::producer, &Circle::taker,
                                     &Circle::collector>});

// Everything is closed: drained is said when all that was accepted has been taken, and not before.
struct Closing : Node<2, 3, 2, 1> {
    unsigned accepted = 0;
    void by_value() {
        if (put(1) == Submit::accepted) ++accepted;
    }
    void intrusive() {
        if (push(0, 0)) ++accepted;
    }
    void closer() { intake.close(); }
    void taker() {
        while (!intake.drained())
            if (claim(1, 1, 0) == 0 && take(0, 1) == 0) weave::relax();
    }
    void finish() const {
        weave::expect(had == accepted, "what was accepted is taken before the end");
        weave::expect(words.linked.newest() == tasks[0].times, "intrusive tasks are counted");
    }
};
const Played closing({.structure = "intake",
                      .name = "drained_is_said_when_all_has_been_taken",
                      .invariants = "SHUTDOWN_DRAINS ONCE COUNT_SANE",
                      .options = {.stale_reads = 1, .together = 2},
                      .explore = play<Closing, &Closing::by_value, &Closing::intrusive,
                                      &Closing::closer, &Closing::taker>});

// ---- Ageing ----

// One worker, three priorities that wait all the time, or never: each that waits has its turn.
struct Turns {
    static constexpr unsigned priorities = 3, ageing = 2;
    Ageing turn;
    void everybody() {
        const unsigned waits = weave::choose(priorities);
        const std::uint64_t bits = weave::choose(1u << priorities) | std::uint64_t{1} << waits;
        turn.passed = weave::choose(ageing);
        turn.last = weave::choose(priorities);
        unsigned lower = 0, claims = 1;
        for (;; ++claims) {
            weave::expect(claims <= ageing * (priorities - 1), "nobody waits longer than its turn");
            const unsigned chosen = turn.choose(bits, ageing);
            weave::expect(chosen < priorities && (bits >> chosen & 1) != 0, "who waits is served");
            lower = bits >> chosen == 1 ? 0 : lower + 1;
            weave::expect(lower < ageing, "mostly the highest");
            if (chosen == waits) break;
        }
    }
};
const Played turns({.structure = "intake",
                    .name = "a_lower_priority_is_served_in_its_turn",
                    .invariants = "AGEING",
                    .options = {.preemptions = 0},
                    .explore = play<Turns, &Turns::everybody>});

}  // namespace
}  // namespace stator::test
