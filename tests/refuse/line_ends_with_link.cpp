// refused: a pipeline ends with a stage, and a link stands between every two stages
#include "line.hpp"

using namespace refuse;

using Line = Pipeline<Src, R<>, Mid, R<>, End, R<>>;
static Scheduler<sound, Line> scheduler;
