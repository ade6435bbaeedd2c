// refused: a middle stage must be  bool stage(const In&, Out&)
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, R<>, Mid, Ring<B, 8>, End>;
static Scheduler<sound, Line> scheduler;
