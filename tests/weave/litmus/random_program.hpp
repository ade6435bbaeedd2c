// tests/weave/litmus/random_program.hpp - litmus programs by dice, the same in every run.
#pragma once

#include <cstdint>

#include "program.hpp"

namespace litmus {

// What a random program may have besides loads, stores and weaker fences.
struct Ingredients {
    const char* name;
    bool seq_cst_fences = false;
    bool seq_cst_accesses = false;
    bool changes = false;  // fetch_add, exchange and compare-exchange
};

// Two to four threads, of three accesses at most and fences between them.
[[nodiscard]] Program random_program(const Ingredients& ingredients, std::uint32_t seed);

}  // namespace litmus
