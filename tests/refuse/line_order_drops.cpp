// refused: lanes that come together in order cannot lose items; use Full::wait or
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Out<Full::drop_oldest>, Parallel<2, Mid>, In<Order::in_order>, End>;
static Scheduler<sound, Line> scheduler;
