// refused: the last stage must be  void stage(const In&)
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, R<>, Mid>;
static Scheduler<sound, Line> scheduler;
