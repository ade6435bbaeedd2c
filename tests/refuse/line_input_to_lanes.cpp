// refused: an Input feeds one stage; put a stage and a FanOut behind it
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Input<A, 8>, Parallel<2, Mid>, In<Order::any>, End>;
static Scheduler<sound, Line> scheduler;
