// tests/weave/weave/explore.hpp - runs a model in every way that the bounds allow, and tells.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "engine.hpp"

namespace weave {

enum class Search : std::uint8_t {
    exhaustive,  // every run within the bounds, those with fewer preemptions first
    random,      // `executions` runs, every decision by dice
    pct          // `executions` runs with random priorities and `depth` - 1 changes of them
};

struct Options {
    // Bounds of one execution. A switch away from a thread that could go on is a preemption; a load
    // that does not return the newest store, or a store below a newer one, is a stale read.
    unsigned preemptions = 2;
    unsigned stale_reads = all;
    unsigned spurious = 1;
    unsigned together = all;      // preemptions and stale reads
    int crash = none;             // this thread may stop for ever before any of its steps
    std::uint32_t steps = 5'000;  // more are a livelock

    Search search = Search::exhaustive;
    std::uint64_t seed = 1;
    unsigned depth = 3;
    std::uint64_t executions = std::numeric_limits<std::uint64_t>::max();
    double seconds = 600;  // then the search is given up; looked at every 1,024 executions

    std::string replay = {};  // not a search: this one execution
};

struct Report {
    bool failed = false;
    bool complete = false;  // every execution within the bounds has passed
    std::string what;       // of the failed one: what, its steps, and the string that replays it
    std::string trace;
    std::string replay;
    std::uint64_t executions = 0;  // at the last preemption bound
    std::uint64_t steps = 0;       // of all of them
    std::uint64_t states = 0;      // different ones, where a thread was chosen
    double seconds = 0;

    // All of it, for people.
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] Report explore(const Program& program, const Options& options);

// The threads' bodies are `void (Model::*)()`, one for each thread, at most 7. For each execution
// the model is made anew, by its constructor without arguments. Where it has them, `finish()` is
// called after the threads have ended, and `step()` after every step that another thread could see;
// for both everything is as the newest stores say.
template <typename Model, typename... Bodies>
[[nodiscard]] Report explore(const Options& options, Bodies... bodies) {
    static_assert(sizeof...(Bodies) <= threads_max, "a model has at most 7 threads");
    Program program{.make = [](void* at) { new (at) Model; },
                    .unmake = [](void* at) { std::destroy_at(static_cast<Model*>(at)); },
                    .finish = nullptr,
                    .step = nullptr,
                    .threads = {}};
    if constexpr (requires(Model & model) { model.finish(); })
        program.finish = [](void* at) { static_cast<Model*>(at)->finish(); };
    if constexpr (requires(Model & model) { model.step(); })
        program.step = [](void* at) { static_cast<Model*>(at)->step(); };
    (program.threads.push_back([bodies](void* at) { (static_cast<Model*>(at)->*bodies)(); }), ...);
    return explore(program, options);
}

}  // namespace weave
