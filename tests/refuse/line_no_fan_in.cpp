// refused: several lanes before one stage need a FanIn, and only there
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, Out<>, Parallel<2, Mid>, R<>, End>;
static Scheduler<sound, Line> scheduler;
