// tests/weave/litmus/text.hpp - litmus programs, outcomes and verdicts as text.
#pragma once

#include <ostream>
#include <string>

#include "table.hpp"

namespace litmus {

// Such as "x = 1 rel; r0 = y acq // y = 1 rel; r1 = x acq": the threads with // between them.
[[nodiscard]] std::string to_text(const Program& program);

// Such as "r0=0 r1=0 x=1"
[[nodiscard]] std::string to_text(const Program& program, const Outcome& outcome);

[[nodiscard]] std::string to_text(Verdict verdict);

// All rows as a table in Markdown: program with orders, outcome, verdict, reason.
void print_table(std::ostream& out);

}  // namespace litmus
