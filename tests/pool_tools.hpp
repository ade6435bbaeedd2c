// tests/pool_tools.hpp - what several tests of the pool use: cleanups and tasks that count.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "pool_boards.hpp"
#include "running.hpp"

namespace stator::test {

// Starts it, or ends the test with the reason.
template <typename S>
void start(S& scheduler) {
    if (const Status s = scheduler.start(); !s.ok()) throw std::runtime_error(s.text());
}

// How often something has happened. Who sees that it has sees what was done before it.
class Count {
public:
    void add() { n_.fetch_add(1, std::memory_order::acq_rel); }
    [[nodiscard]] int value() const { return n_.load(std::memory_order::acquire); }

private:
    std::atomic<int> n_{0};
};

// The cleanup that counts how often it was called.
inline Cleanup counting(Count& count) {
    return {.run = [](void* with) noexcept { static_cast<Count*>(with)->add(); }, .with = &count};
}

// An intrusive task that counts what becomes of it.
struct Noted : Task {
    explicit Noted(Outcome answer = Outcome::done, ShortName name = ShortName("noted"))
        : Task(run, drop, name), outcome(answer) {}
    static Outcome run(Task& self) {
        auto& noted = static_cast<Noted&>(self);
        noted.runs.add();
        return noted.outcome;
    }
    static void drop(Task& self) { static_cast<Noted&>(self).drops.add(); }

    Outcome outcome;
    Count runs, drops;
};

[[nodiscard]] inline std::uint64_t refusals(const PoolReport& r, Submit answer) {
    return r.inboxes.at(0).refused.at(static_cast<std::size_t>(answer));
}

}  // namespace stator::test
