// tests/weave/litmus/axioms.hpp - every outcome that the axioms of a memory model leave a program.
#pragma once

#include <set>

#include "program.hpp"

namespace litmus {

enum class Model {
    // Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing Sequential Consistency in C/C++11, PLDI 2017;
    // but with the release sequences of C++20, which only read-modify-writes continue.
    rc11,
    // The text of C++20, [intro.races] and [atomics.order]. It does not forbid cycles of sb and rf
    // (load buffering), and it states the order S of seq_cst operations in another way.
    cpp20,
    // What an explorer can show of RC11 that runs one operation after another: rf, S and the
    // program agree with one order of execution, a read-modify-write reads the store that is the
    // newest in modification order when it is executed, and a seq_cst operation sees all that the
    // threads of earlier seq_cst fences have seen there, as C++20 demands.
    explorer,
};

// Tries all candidate executions; meant for programs of up to about ten operations.
[[nodiscard]] std::set<Outcome> outcomes(const Program& program, Model model);

}  // namespace litmus
