// refused: items are copied as bytes; send a plain struct or an index
#include "line.hpp"

using namespace refuse;
struct Bad {
    Bad() = default;
    Bad(const Bad&) {}
    int value = 0;
};
Poll make(Bad&) {
    return Poll::ended;
}
void take(const Bad&) {}
using Line = Pipeline<Stage<"src", make>, Ring<Bad, 8>, Stage<"end", take>>;
static Scheduler<sound, Line> scheduler;
