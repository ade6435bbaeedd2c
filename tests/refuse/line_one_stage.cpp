// refused: a pipeline has 2 to 16 stages
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Input<A, 8>, End>;
static Scheduler<sound, Line> scheduler;
