// tests/weave/museum/go_45867_work_conservation.cpp - Go's scheduler let a processor go idle while
// there was a goroutine to run, as the thread that knew of it had found no idle processor.
//
// Original   golang/go #45867, "runtime: broken work conservation due to CL 310850", 2021 and 2022:
//            tests that need one goroutine to run on each processor hung. How it goes is told here
//            after the comment "Delicate dance" in src/runtime/proc.go, which came with the fix.
// The bug    A thread out of work gives its processor up. Only if it was searching ("spinning")
//            does it look at all queues once more (#43997). The one searcher finds one of two
//            goroutines, stops searching and wants to start another searcher for the rest: there is
//            no idle processor. A thread that is not searching is just about to give its processor
//            up. It does, and sleeps; the second goroutine waits.
// The model  Three processors. A busy thread queues two goroutines that, like itself, run for ever;
//            a searcher and a thread that has run out of work have to get one each. At most one
//            searches (the original: half of the busy). All counts are one word, for the original's
//            lock. All is sequentially consistent, as in Go. Left out: global queue and timers.
// Mended     As in the original: who finds no idle processor says, under the same lock, that a
//            searcher is wanted; who is about to give its processor up sees that, and searches.
// Edges      G1  the one order of all these operations : who queues work sees the searcher, or the
//                searcher the work; who wants a processor sees it, or its owner that it is wanted
#include <array>
#include <atomic>
#include <cstdint>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Scheduler {
    using enum std::memory_order;

    struct Counts {
        std::uint8_t idle;       // processors
        std::uint8_t searchers;  // threads, each with a processor
        bool is_wanted;          // a searcher, though there was no idle processor for it
    };

    weave::atomic<Counts> counts{Counts{0, 1, false}};
    weave::atomic<std::uint32_t> queue{0};    // goroutines
    weave::atomic<std::uint32_t> started{0};  // searchers; who sleeps becomes one of them

    void busy() {
        for (int goroutine = 0; goroutine != 2; ++goroutine) {
            queue.fetch_add(1, seq_cst);  // G1
            start_searcher();
        }
    }
    void searcher() { find_work(true); }
    void idler() { find_work(false); }

    // Has a processor when it begins. Ends when it has something to run, for ever.
    void find_work(bool searches) {
        for (;;) {
            if (!searches) searches = change(may_search);
            if (searches && take(queue)) {
                change(end_search);
                start_searcher();  // there may be more to run
                return;
            }
            if (!searches && !change(give_processor_up_or_search)) {
                searches = true;
                continue;
            }
            if (searches) {
                change(give_processor_up);
                change(end_search);
                if (queue.load(seq_cst) != 0 && change(take_processor)) {  // G1
                    change(begin_search);
                    continue;
                }
            }
            while (!take(started)) weave::futex_wait(started, 0);
            searches = true;
        }
    }

    // If nobody searches, and there is a processor for it.
    void start_searcher() {
        if (counts.load(seq_cst).searchers != 0) return;  // G1
        if (!change(may_start_searcher) || !change(take_processor_or_end_search)) return;
        started.fetch_add(1, seq_cst);  // G1
        weave::futex_wake(started, 1);
    }

    // ---- Changes of the counts; false: not now ----

    static bool begin_search(Counts& now) {
        ++now.searchers;
        now.is_wanted = false;
        return true;
    }
    static bool end_search(Counts& now) { return now.searchers-- != 0; }
    static bool may_search(Counts& now) { return now.searchers == 0 && begin_search(now); }
    static bool may_start_searcher(Counts& now) { return now.searchers == 0 && ++now.searchers; }
    static bool take_processor(Counts& now) {
        if (now.idle == 0) {
            if constexpr (mended) now.is_wanted = true;
            return false;
        }
        --now.idle;
        return true;
    }
    static bool take_processor_or_end_search(Counts& now) {
        return take_processor(now) || !end_search(now);
    }
    static bool give_processor_up(Counts& now) {
        ++now.idle;
        return true;
    }
    static bool give_processor_up_or_search(Counts& now) {
        return now.is_wanted ? !begin_search(now) : give_processor_up(now);
    }

    bool change(bool (*changed)(Counts&)) {
        for (Counts seen = counts.load(seq_cst);;) {  // G1
            Counts wanted = seen;
            const bool answer = changed(wanted);
            if (counts.compare_exchange_strong(seen, wanted, seq_cst, seq_cst))  // G1
                return answer;
        }
    }

    static bool take(weave::atomic<std::uint32_t>& number) {
        std::uint32_t seen = number.load(seq_cst);  // G1
        while (seen != 0 &&
               !number.compare_exchange_strong(seen, seen - 1, seq_cst, seq_cst)) {  // G1
        }
        return seen != 0;
    }

    static constexpr auto threads() {
        return std::array{&Scheduler::busy, &Scheduler::searcher, &Scheduler::idler};
    }
};

}  // namespace

TEST(museum, go_45867_work_conservation) {
    museum::exhibit<Scheduler<false>, Scheduler<true>>({.preemptions = 3}, "deadlock");
}
