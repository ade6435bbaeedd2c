// refused: moving the task may throw; capture what moves without throwing
#include <vector>

#include "tasked.hpp"

using namespace refuse;
struct Throws {
    Throws() = default;
    Throws(const Throws&) {}
    void operator()() {}
};
Batched go(std::vector<Throws>& tasks) {
    return scheduler.submit_all({}, tasks);
}
