// tools/bench/command.hpp - `stator bench`: Stator beside its peers, in one run on this machine.
#pragma once
#include <string>
#include <vector>

namespace stator::bench {

struct BenchOptions {
    std::vector<std::string> workloads;  // empty: all
    std::vector<std::string> columns;    // empty: all; `stator` is measured in any case
    int workers = 0;                     // 0: 1, and 2 where that makes sense
    int repetitions = 7;
    bool quick = false;  // fewer operations: figures mean little, answers are checked all the same
    bool json = false;   // one JSON object
};

// The names that options may have.
[[nodiscard]] std::vector<std::string> workload_names();
[[nodiscard]] std::vector<std::string> column_names();

// Exit code: 0; 1 an answer was wrong, or the output could not be written; 2 nothing is left to
// measure with these options; 3 a scheduler could not start, or this thread may not use the cpus.
int run_bench(const BenchOptions& options);

}  // namespace stator::bench
