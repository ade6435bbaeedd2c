// refused: a task returns nothing or an Outcome; store other results where they belong
#include "tasked.hpp"

using namespace refuse;

Submit go() {
    return scheduler.submit({}, [] { return 1; });
}
