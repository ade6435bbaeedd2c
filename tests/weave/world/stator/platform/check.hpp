// tests/weave/world/stator/platform/check.hpp - a contradiction inside core ends the run, not the
// program.
#pragma once
#include <weave/weave.hpp>

namespace stator::platform {

inline void check(bool holds, const char* what, weave::Where where = weave::Where::current()) {
    weave::expect(holds, what, where);
}

}  // namespace stator::platform
