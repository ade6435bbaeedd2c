// refused: an Input is the first element; use a Ring between stages
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Input<A, 8>, End>;
static Scheduler<sound, Line> scheduler;
