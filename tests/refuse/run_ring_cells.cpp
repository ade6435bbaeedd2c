// refused: a run ring has 2 to 65536 cells, a power of two; set .pool.run_ring
#include <stator/core/run_ring.hpp>

static stator::RunRing<48> ring;
