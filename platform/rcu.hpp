// platform/rcu.hpp - read-copy-update: who may be reading, and when nobody can be any more. The
// only user of liburcu, in its QSBR flavour.
//
//   reader:    online -- looks at shared things -- offline            (costs about 40 ns together)
//   reclaimer: takes a thing out of reach -> synchronize -> nobody looks at it: use it again
//
// A reader is online only while it looks. Whoever is online must not sleep, wait for another
// thread, or call `synchronize`. QSBR, because the other flavours send interrupts to the readers'
// cpus, and because a reader pays nothing while it is offline.
//
// System calls  none, but for one futex wake by a reader that goes offline when a `synchronize`
//               has been waiting for it for more than some microseconds.
// Source        liburcu 0.13, urcu/urcu-qsbr.h; M. Desnoyers et al., "User-Level Implementations
//               of Read-Copy Update", IEEE TPDS 23(2), 2012.
#pragma once
#include <atomic>
#include <cstdint>

namespace stator::platform {

// The membership of one thread. All calls from that thread.
class RcuReader {
public:
    RcuReader() = default;
    RcuReader(const RcuReader&) = delete;
    RcuReader& operator=(const RcuReader&) = delete;

    // The calling thread becomes a reader, offline. Takes a mutex of liburcu: at the thread's start
    // only. While it is online, `first_period` holds the number of the first period that waits for
    // it; else 0. A thread has one membership at a time.
    void enter(std::atomic<std::uint64_t>& first_period);
    // It is one no more. Must be offline. A thread that ends without it stops all reclamation.
    void leave();

    // Between the two, things that were reachable stay as they are. Nested pairs count as one.
    void online() {
        if (depth_++ == 0) go_online();
    }
    void offline() {
        if (--depth_ == 0) go_offline();
    }

private:
    void go_online();
    void go_offline();

    std::atomic<std::uint64_t>* first_period_ = nullptr;
    unsigned depth_ = 0;
};

// The membership of the calling thread, or nullptr where it has none.
[[nodiscard]] RcuReader* this_reader();

// For code of users inside a task or stage that reads RCU data of its own: online while it lives.
// Only on threads that are readers (Stator's workers are); contradictions abort. May be nested. A
// guard that lives long holds back the reuse of memory, and reports name the worker.
class ReadGuard {
public:
    ReadGuard();
    ~ReadGuard() { reader_.offline(); }
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;

private:
    RcuReader& reader_;
};

// Begins a grace period: its number, 1 on, counted in the whole process. Then rcu_synchronize. Any
// thread.
[[nodiscard]] std::uint64_t rcu_begin_period();

// Waits until every reader that is online now has been offline once: a grace period. Memory
// ordering: what readers did before they went offline is visible to the caller afterwards; what the
// caller did before is visible to readers that come online later. Not from a thread that is online.
// Never returns while a reader stays online.
void rcu_synchronize();

}  // namespace stator::platform
