// platform/check.hpp - stop the program when it has contradicted itself.
#pragma once
#include <cstdio>
#include <cstdlib>

namespace stator::platform {

// For mistakes in the program, never for events that can happen in a correct one (a full ring, a
// missing NUMA node): those are return values. Stays on in release builds; prints and aborts.
inline void check(bool holds, const char* what, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
    if (holds) [[likely]]
        return;
    std::fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
    std::abort();
}

}  // namespace stator::platform
