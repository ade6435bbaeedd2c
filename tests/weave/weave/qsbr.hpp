// tests/weave/weave/qsbr.hpp - grace periods as liburcu's QSBR flavour makes them, step by step.
//
// The order of operations is that of liburcu 0.13 on a machine of 64 bits; its barriers are fences
// here. Left out: the registry's lock (readers are there before the threads start), the queue of
// several waiting callers, and all but one of the hundred looks before it sleeps.
// Source     liburcu 0.13.2, src/urcu-qsbr.c and include/urcu/static/urcu-qsbr.h.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "block.hpp"

namespace weave {

class Qsbr {
    using enum std::memory_order;

public:
    static constexpr std::size_t readers_max = threads_max;

    struct Reader {
        atomic<std::uint64_t> counter{0};  // 0: offline; else the period it came online in
        atomic<std::uint32_t> waiting{0};  // somebody sleeps until it has been offline
    };

    // Makes the calling code's reader, offline. Before the threads start.
    [[nodiscard]] std::size_t join() { return count_++; }

    void online(std::size_t reader) {
        Reader& r = readers_[reader];
        r.counter.store(period_.load(relaxed), relaxed);
        fence(seq_cst);
    }
    void offline(std::size_t reader) {
        Reader& r = readers_[reader];
        fence(seq_cst);
        r.counter.store(0, relaxed);
        fence(seq_cst);
        wake_waiter(r);
    }

    // Returns when every reader that was online has been offline. One caller at a time, no reader.
    void synchronize() {
        fence(seq_cst);
        period_.store(period_.load(relaxed) + 2, relaxed);
        fence(seq_cst);
        wait_for_readers();
        fence(seq_cst);
    }

private:
    void wake_waiter(Reader& r) {
        if (r.waiting.load(relaxed) == 0) return;
        r.waiting.store(0, relaxed);
        fence(seq_cst);
        if (sleeps_.load(relaxed) != asleep) return;
        sleeps_.store(0, relaxed);
        futex_wake(sleeps_, 1);
    }

    void wait_for_readers() {
        std::array<bool, readers_max> passed{};
        for (bool sleeps = false;; sleeps = true) {
            if (sleeps) {
                sleeps_.store(asleep, relaxed);
                fence(release);
                for (std::size_t i = 0; i < count_; ++i)
                    if (!passed[i]) readers_[i].waiting.store(1, relaxed);
                fence(seq_cst);
            }
            bool all_passed = true;
            for (std::size_t i = 0; i < count_; ++i)
                all_passed &= passed[i] = passed[i] || has_passed(readers_[i]);
            if (all_passed) {
                if (sleeps) {
                    fence(seq_cst);
                    sleeps_.store(0, relaxed);
                }
                return;
            }
            if (sleeps) sleep();
        }
    }
    [[nodiscard]] bool has_passed(const Reader& r) const {
        const std::uint64_t seen = r.counter.load(relaxed);
        return seen == 0 || seen == period_.load(relaxed);
    }
    void sleep() {
        fence(acquire);
        while (sleeps_.load(relaxed) == asleep) futex_wait(sleeps_, asleep);
    }

    static constexpr std::uint32_t asleep = UINT32_MAX;  // -1 in the original

    atomic<std::uint64_t> period_{1};
    atomic<std::uint32_t> sleeps_{0};
    std::array<Reader, readers_max> readers_{};
    std::size_t count_ = 0;
};

}  // namespace weave
