// tests/weave/weave/explore.cpp - the searches.
#include "explore.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace weave {
namespace {

using Time = std::chrono::steady_clock;

// Runs by dice that come first, to learn which objects more than one thread uses.
constexpr int rehearsals = 100;

struct Searching {
    const Program& program;
    const Options& options;
    Engine& engine = Engine::the();
    Time::time_point began = Time::now();
    Report report{};

    [[nodiscard]] Limits limits(unsigned preemptions) const {
        return {.preemptions = preemptions,
                .stale_reads = options.stale_reads,
                .spurious = options.spurious,
                .together = options.together,
                .crash = options.crash,
                .steps = options.steps};
    }
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(Time::now() - began).count();
    }
    [[nodiscard]] bool is_over() const {
        if (report.executions >= options.executions) return true;
        return report.executions % 1024 == 0 && seconds() > options.seconds;
    }

    void tell_failure() {
        report.failed = true;
        report.what = engine.failure();
        report.replay = text(engine.exceptions());
        Replay again(engine.exceptions());
        (void)run_traced(again);
    }
    // One run of which every step is told.
    End run_traced(Strategy& strategy) {
        for (;;) {
            Trace trace;
            const End end = engine.run(program, strategy, limits(all), Decisions::every, &trace);
            report.trace = trace.text();
            if (end != End::learned) return end;
        }
    }

    void rehearse() {
        Random dice(options.seed);
        for (int i = 0; i < rehearsals; ++i)
            (void)engine.run(program, dice, limits(all), Decisions::rehearsed, nullptr);
    }

    // All runs with at most so many preemptions. False: one has failed, or the search was given up.
    bool exhaust(unsigned preemptions) {
        Exhaustive strategy;
        report.executions = report.steps = 0;
        for (;;) {
            const End end =
                engine.run(program, strategy, limits(preemptions), Decisions::relevant, nullptr);
            if (end == End::learned) {
                strategy.restart();
                report.executions = report.steps = 0;
                continue;
            }
            ++report.executions;
            report.steps += engine.steps();
            report.states = strategy.states();
            if (end == End::failed) return tell_failure(), false;
            if (!strategy.advance()) return true;
            if (is_over()) return false;
        }
    }

    void exhaust_all() {
        rehearse();
        unsigned bound = 0;
        // Without a bound of its own there is no use in small ones first.
        if (options.preemptions == all) bound = all;
        for (;; ++bound) {
            if (!exhaust(bound)) return;
            if (bound == options.preemptions) break;
        }
        report.complete = true;
    }

    void try_often(Strategy& strategy) {
        rehearse();
        while (!is_over()) {
            const End end = engine.run(program, strategy, limits(options.preemptions),
                                       Decisions::every, nullptr);
            if (end == End::learned) continue;
            ++report.executions;
            report.steps += engine.steps();
            if (end == End::failed) return tell_failure();
        }
    }

    void play_again() {
        std::vector<Exception> exceptions;
        if (!parse(options.replay, exceptions)) {
            report.failed = true;
            report.what = "\"" + options.replay + "\" is no replay string; give one as printed";
            return;
        }
        Replay strategy(exceptions);
        rehearse();
        const End end = run_traced(strategy);
        report.executions = 1;
        report.failed = end == End::failed;
        report.what = report.failed ? engine.failure() : "";
        report.replay = text(engine.exceptions());
    }
};

}  // namespace

Report explore(const Program& program, const Options& options) {
    Searching searching{.program = program, .options = options};
    searching.engine.forget_what_was_learned();
    if (!options.replay.empty()) {
        searching.play_again();
    } else if (options.search == Search::exhaustive) {
        searching.exhaust_all();
    } else if (options.search == Search::random) {
        Random dice(options.seed);
        searching.try_often(dice);
    } else {
        Pct priorities(options.seed, options.depth);
        searching.try_often(priorities);
    }
    searching.report.seconds = searching.seconds();
    return searching.report;
}

std::string Report::text() const {
    std::string all_of_it = std::to_string(executions) + " executions, " + std::to_string(steps) +
                            " steps, " + std::to_string(seconds) + " s: ";
    if (!failed) return all_of_it + (complete ? "all pass\n" : "passed so far\n");
    return all_of_it + "FAILED\n" + what + "\n" + trace + "replay: \"" + replay + "\"\n";
}

}  // namespace weave
