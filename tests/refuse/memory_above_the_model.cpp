// refused: all static memory together is above 1.5 GiB
#include "line.hpp"

using namespace refuse;
struct Huge {
    char bytes[1u << 30];
};
constexpr Board large = [] {
    Board b = sound;
    b.memory.budget_per_node_bytes = 4ull << 30;
    return b;
}();
using Line = Pipeline<Src, R<>, End>;
static Scheduler<large, Line, PerNode<Huge>> scheduler;
