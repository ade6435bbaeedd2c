// refused: one stage before several lanes needs a FanOut, and only there
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Out<>, Mid, R<>, End>;
static Scheduler<sound, Line> scheduler;
