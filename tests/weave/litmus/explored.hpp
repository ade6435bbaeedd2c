// tests/weave/litmus/explored.hpp - every outcome that the explorer shows of a litmus program.
#pragma once

#include <set>
#include <string>

#include "program.hpp"

namespace litmus {

struct Explored {
    std::set<Outcome> outcomes;
    bool complete = false;
    std::string what;  // of the failure, if there was one
};

// All interleavings and all stale reads.
[[nodiscard]] Explored explore(const Program& program);

}  // namespace litmus
