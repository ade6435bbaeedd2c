// refused: a stage in lanes that come together in order cannot add items at the end
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Out<>, Parallel<2, StageOf<"mid", Adds>>, In<Order::in_order>, End>;
static Scheduler<sound, Line> scheduler;
