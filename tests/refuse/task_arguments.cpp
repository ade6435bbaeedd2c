// refused: a task is called without arguments; capture them
#include "tasked.hpp"

using namespace refuse;

Submit go() {
    return scheduler.submit({}, [](int) {});
}
