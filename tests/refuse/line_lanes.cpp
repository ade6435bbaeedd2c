// refused: a parallel stage has 1 to 16 lanes
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Out<>, Parallel<17, Mid>, In<Order::any>, End>;
static Scheduler<sound, Line> scheduler;
