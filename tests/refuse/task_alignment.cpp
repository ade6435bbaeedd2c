// refused: the task's captures need an alignment above 16; capture a pointer to the data
#include "tasked.hpp"

using namespace refuse;
struct alignas(32) Wide {
    char c;
    void operator()() {}
};
Submit go() {
    return scheduler.submit({}, Wide{});
}
