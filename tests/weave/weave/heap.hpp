// tests/weave/weave/heap.hpp - objects with a life: created by one thread, destroyed by another.
//
// What is not destroyed when all threads have ended is a leak; what is destroyed twice, or touched
// afterwards, ends the run. An address is not used twice in a run.
#pragma once
#include <memory>
#include <new>
#include <utility>

#include "engine.hpp"

namespace weave {

template <typename T, typename... Arguments>
[[nodiscard]] T* create(Arguments&&... arguments) {
    void* const at = Engine::the().allocate(sizeof(T), alignof(T));
    return new (at) T(std::forward<Arguments>(arguments)...);
}

template <typename T>
void destroy(T* object, Where where = Where::current()) {
    Engine::the().check_created(object, where);
    std::destroy_at(object);
    Engine::the().release(object);
}

}  // namespace weave
