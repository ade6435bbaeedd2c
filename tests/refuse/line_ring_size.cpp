// refused: the slots of a ring are not a power of two
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Ring<A, 7>, End>;
static Scheduler<sound, Line> scheduler;
