// refused: two parallel stages of different width cannot be joined
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Out<>, Parallel<2, Mid>, R<>, Parallel<3, Mid>, In<Order::any>, End>;
static Scheduler<sound, Line> scheduler;
