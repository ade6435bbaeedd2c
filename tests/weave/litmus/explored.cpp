// tests/weave/litmus/explored.cpp - runs a litmus program as a model of the explorer.
#include "explored.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <weave/weave.hpp>

namespace litmus {
namespace {

// The exploration under way; a model is made anew for every execution.
struct Exploration {
    const Program& program;
    std::uint64_t executions = 0;
    std::map<Outcome, std::uint64_t> last{};  // the last execution that ended so
};
Exploration* current = nullptr;

class Interpreter {
public:
    void first() { run(0); }
    void second() { run(1); }
    void third() { run(2); }
    void fourth() { run(3); }

    void finish() {
        Outcome outcome(
            registers_.begin(),
            registers_.begin() + static_cast<std::ptrdiff_t>(count_registers(current->program)));
        for (const Location location : current->program.finals)
            outcome.push_back(at(location).load(std::memory_order::relaxed));
        current->last[outcome] = ++current->executions;
    }

private:
    weave::atomic<int>& at(Location location) {
        return memory_[static_cast<std::size_t>(location)];
    }

    void run(std::size_t thread) {
        for (const Operation& operation : current->program.threads[thread]) {
            const int value = execute(operation);
            if (reads(operation)) registers_.at(operation.result) = value;
        }
    }

    int execute(const Operation& operation) {
        weave::atomic<int>& location = at(operation.location);
        switch (operation.kind) {
            case Kind::load:
                return location.load(operation.order);
            case Kind::store:
                location.store(operation.value, operation.order);
                return 0;
            case Kind::fetch_add:
                return location.fetch_add(operation.value, operation.order);
            case Kind::exchange:
                return location.exchange(operation.value, operation.order);
            case Kind::compare_exchange: {
                int value = operation.expected;
                (void)location.compare_exchange_strong(value, operation.value, operation.order,
                                                       operation.failure);
                return value;
            }
            case Kind::fence:
                weave::fence(operation.order);
                return 0;
        }
        std::abort();
    }

    std::array<weave::atomic<int>, locations> memory_{};
    std::array<int, none> registers_{};  // each is written by one thread, and read at the end
};

weave::Report explore_threads(const weave::Options& options, std::size_t threads) {
    using I = Interpreter;
    switch (threads) {
        case 1:
            return weave::explore<I>(options, &I::first);
        case 2:
            return weave::explore<I>(options, &I::first, &I::second);
        case 3:
            return weave::explore<I>(options, &I::first, &I::second, &I::third);
        case 4:
            return weave::explore<I>(options, &I::first, &I::second, &I::third, &I::fourth);
        default:
            std::abort();
    }
}

}  // namespace

Explored explore(const Program& program) {
    Exploration exploration{.program = program};
    current = &exploration;
    const weave::Report report = explore_threads(
        {.preemptions = weave::all, .stale_reads = weave::all}, program.threads.size());
    Explored result{.outcomes = {}, .complete = report.complete, .what = report.what};
    // Only the executions of the search itself count, not those by dice that come before it.
    for (const auto& [outcome, execution] : exploration.last)
        if (execution + report.executions > exploration.executions) result.outcomes.insert(outcome);
    return result;
}

}  // namespace litmus
