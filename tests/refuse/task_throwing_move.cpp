// refused: moving the task may throw; capture what moves without throwing
#include "tasked.hpp"

using namespace refuse;
struct Throws {
    Throws() = default;
    Throws(const Throws&) {}
    void operator()() {}
};
Submit go() {
    return scheduler.submit({}, Throws());
}
