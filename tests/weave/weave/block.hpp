// tests/weave/weave/block.hpp - waiting and time: futex, spin hint, clock; and promises.
#pragma once
#include <cstdint>

#include "atomic.hpp"
#include "engine.hpp"

namespace weave {

// Sleeps while the word's newest value is `expected`; may return for no reason. As futex(2).
inline void futex_wait(const atomic<std::uint32_t>& word, std::uint32_t expected,
                       Where where = Where::current()) {
    Engine::the().futex_wait(word.location(), expected, where);
}
// Wakes at most `count` sleepers, any of them. It orders nothing.
inline void futex_wake(const atomic<std::uint32_t>& word, int count,
                       Where where = Where::current()) {
    Engine::the().futex_wake(word.location(), count, where);
}
// Inside every spin loop. The thread goes on when another one has stored to something that it has
// read since its last hint.
inline void relax(Where where = Where::current()) {
    Engine::the().relax(where);
}
// A clock that only moves on: by one at each look, and to any time that somebody waits for.
[[nodiscard]] inline std::uint64_t now() {
    return Engine::the().now();
}
inline void sleep_until(std::uint64_t time, Where where = Where::current()) {
    Engine::the().sleep_until(time, where);
}

// The calling thread, in the order in which `explore` was given them.
[[nodiscard]] inline unsigned this_thread() {
    return Engine::the().current();
}
// Whether a thread has come to its end. For a model's finish, after a crash.
[[nodiscard]] inline bool has_ended(unsigned thread) {
    return Engine::the().has_ended(thread);
}
// What the model leaves open: 0..n-1, all are explored.
[[nodiscard]] inline unsigned choose(unsigned n) {
    return Engine::the().choose(n);
}
// A promise. The run that breaks it has failed.
inline void expect(bool holds, const char* promise, Where where = Where::current()) {
    if (!holds) Engine::the().fail(std::string("broken: ") + promise, where);
}

}  // namespace weave
