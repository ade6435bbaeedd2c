// platform/contain.hpp - run a piece of user code and keep what it throws from reaching the worker.
#pragma once
#include <exception>

namespace stator::platform {

// Calls `body()`. False when it threw; the exception ends here. Where exceptions are switched off
// this is the plain call: the words below are libstdc++'s own spelling of try and catch for headers
// that must serve both builds. Any thread.
template <typename Body>
[[nodiscard]] inline bool contain(Body&& body) {
    __try {
        body();
        return true;
    }
    __catch(...) {
        return false;
    }
}

}  // namespace stator::platform
