// refused: lanes that come together in order cannot lose items; use Full::wait in them
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Out<>, Parallel<2, Mid>, In<Order::in_order, Full::reject>, End>;
static Scheduler<sound, Line> scheduler;
