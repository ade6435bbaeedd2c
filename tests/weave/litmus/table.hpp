// tests/weave/litmus/table.hpp - the litmus rows: small programs, and what may come of each.
//
// A row lists every outcome that no interleaving of the program gives but that some weaker orders
// would allow, and for coherence and atomicity those that no orders allow. Outcomes that plain
// interleaving gives are always allowed and are not listed; a row may have no others.
#pragma once

#include <vector>

#include "program.hpp"

namespace litmus {

enum class Verdict {
    allowed,
    forbidden,
    // RC11 and the explorer forbid it and C++20 does not: a cycle of sequenced before and reads
    // from, which no compiler or machine of ours makes.
    stricter,
    // RC11 allows it and the explorer does not show it; the reason says why.
    missed,
    // RC11 allows it and the explorer shows it, though C++20 forbids it.
    weaker,
    // RC11 alone allows it; C++20 forbids it, and the explorer does not show it.
    rc11_alone,
};

struct Judged {
    Outcome outcome;
    Verdict verdict;
    const char* reason;
};

struct Row {
    const char* name;
    Program program;
    std::vector<Judged> judged;
};

[[nodiscard]] std::vector<Row> rows();

}  // namespace litmus
