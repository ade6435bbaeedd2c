// refused: the objects of node_id need more than memory.budget_per_node_bytes
#include "line.hpp"

using namespace refuse;
constexpr Board small = [] {
    Board b = sound;
    b.memory.budget_per_node_bytes = 100'000;
    return b;
}();
using Line = Pipeline<Src, R<>, End>;
static Scheduler<small, Line> scheduler;
