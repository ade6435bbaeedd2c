// refused: lanes come together in order only where a FanOut has parted them
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Parallel<2, Src>, In<Order::in_order>, End>;
static Scheduler<sound, Line> scheduler;
