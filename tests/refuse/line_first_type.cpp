// refused: the first stage must be  Poll stage(Out&)
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Mid, R<>, End>;
static Scheduler<sound, Line> scheduler;
