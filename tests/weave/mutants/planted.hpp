// tests/weave/mutants/planted.hpp - which of the planted faults is on.
#pragma once

namespace stator::sync {

// A mutant's number, or 0 for none. The mutated copies of core ask for it.
inline int planted = 0;

}  // namespace stator::sync
