// tests/weave/museum/own_tag_by_plain_load.cpp - a retired segment tagged with a grace period that
// was counted by a plain load could be used again while a reader was still in it.
//
// Original   A design of our own that was given up before it was built. It looks right, and is the
//            same fault as in concurrencykit/ck commit d1b348cac3ab, "ck_epoch: make poll safer to
//            use", June 2026.
// The bug    A segment is unlinked, then tagged with the number of the next grace period: one more
//            than have started. It is free when that many are done. But the load may be done before
//            the unlinking is seen, or return an old number. So the period that the tag names does
//            not wait for a reader that comes after its start and still finds the segment linked.
// The model  One reader; one thread that replaces segment 0 by segment 1 and writes to segment 0
//            when it is free; the grace thread makes two periods. Readers and periods have the
//            order of operations of liburcu's QSBR flavour (weave/qsbr.hpp).
// Mended     The number is read by a read-modify-write that adds nothing. It comes before or after
//            the start of a period in the order of that one word: before, and the period sees the
//            unlinking; or after, and the tag names a later period.
// Edges      T1  retirer tags -> grace thread starts a later period : the segment is unlinked
//            T2  grace thread ends a period -> retirer : all readers have been offline since
//            T3  retirer links segment 1 -> reader : it is whole
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <weave/qsbr.hpp>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Reclaim {
    using enum std::memory_order;

    weave::Qsbr qsbr;
    const std::size_t reader_at = qsbr.join();
    weave::atomic<std::uint32_t> linked{0};  // the segment that readers find
    std::array<weave::plain<int>, 2> segments{1, 0};
    weave::atomic<std::uint32_t> started{0}, done{0};  // grace periods

    void reader() {
        qsbr.online(reader_at);
        const std::uint32_t segment = linked.load(acquire);  // T3
        weave::expect(weave::read(segments[segment]) == 1, "a linked segment is whole");
        qsbr.offline(reader_at);
    }

    void retirer() {
        weave::write(segments[1]) = 1;
        linked.store(1, release);  // T3
        const std::uint32_t tag = next_period();
        if (done.load(acquire) >= tag) weave::write(segments[0]) = 2;  // T2
    }

    std::uint32_t next_period() {
        if constexpr (mended)
            return started.fetch_add(0, acq_rel) + 1;  // T1
        else
            return started.load(acquire) + 1;
    }

    void grace_thread() {
        for (std::uint32_t period = 1; period <= 2; ++period) {
            started.fetch_add(1, acq_rel);  // T1
            qsbr.synchronize();
            done.store(period, release);  // T2
        }
    }

    static constexpr auto threads() {
        return std::array{&Reclaim::reader, &Reclaim::retirer, &Reclaim::grace_thread};
    }
};

}  // namespace

TEST(museum, own_tag_by_plain_load) {
    museum::exhibit<Reclaim<false>, Reclaim<true>>({.preemptions = 4}, "race");
}
