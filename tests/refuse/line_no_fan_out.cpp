// refused: one stage before several lanes needs a FanOut, and only there
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, R<>, Parallel<2, Mid>, In<Order::any>, End>;
static Scheduler<sound, Line> scheduler;
