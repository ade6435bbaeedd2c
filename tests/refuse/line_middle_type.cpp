// refused: a middle stage must be  bool stage(const In&, Out&)
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, R<>, Stage<"mid", other>, R<>, End>;
static Scheduler<sound, Line> scheduler;
