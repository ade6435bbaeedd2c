// refused: a part of a scheduler is a Pipeline, a PerNode or a NodePool
#include "line.hpp"

using namespace refuse;
static Scheduler<sound, int> scheduler;
