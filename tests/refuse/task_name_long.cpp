// refused: a task's name has 1 to 15 characters; shorten it
#include "tasked.hpp"

using namespace refuse;

Submit go() {
    return scheduler.submit<"a name of more than it takes">({}, [] {});
}
