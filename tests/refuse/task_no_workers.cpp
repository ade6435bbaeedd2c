// refused: the board has no worker with .tasks = true; give it one
#include "line.hpp"

using namespace refuse;
static Scheduler<sound> scheduler;
Submit go() {
    return scheduler.submit({}, [] {});
}
