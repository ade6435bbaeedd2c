// refused: the slots of an overwriting ring are not a power of two from 2 on
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Ring<A, 1, Full::drop_oldest>, End>;
static Scheduler<sound, Line> scheduler;
