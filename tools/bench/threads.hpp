// tools/bench/threads.hpp - threads of the references, each on one cpu.
#pragma once
#include <future>
#include <thread>
#include <utility>

#include <sched.h>

#include <stator/platform/check.hpp>

namespace stator::bench {

// The calling thread runs on `cpu` alone, one of those that it may use.
inline void pin_this_thread(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    platform::check(sched_setaffinity(0, sizeof set, &set) == 0,
                    "a cpu that this thread could use was refused");
}

// Joined when its life ends; `body` must have a reason to return by then.
class ThreadOn {
public:
    // Returns when the thread is on its cpu. Until then it is where its creator is, who has to
    // sleep to let it run.
    template <typename Body>
    ThreadOn(int cpu, Body body) {
        std::promise<void> arrived;
        const std::future<void> arrival = arrived.get_future();
        thread_ = std::jthread([cpu, told = std::move(arrived), run = std::move(body)]() mutable {
            pin_this_thread(cpu);
            told.set_value();
            run();
        });
        arrival.wait();
    }

private:
    std::jthread thread_;
};

}  // namespace stator::bench
