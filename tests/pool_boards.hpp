// tests/pool_boards.hpp - boards with task workers only, and inboxes of several shapes.
#pragma once
#include <stator/core/scheduler.hpp>

#include "test_boards.hpp"

namespace stator::test {

inline constexpr Worker one_taker[] = {
    {.name = "one", .cpu = cpu_b, .roles = {}, .tasks = true, .wait = Wait::futex},
};
inline constexpr Worker two_takers[] = {
    {.name = "one", .cpu = cpu_b, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
};

constexpr Board pool_board(std::span<const Worker> workers, const Pool& pool) {
    return {.name = "pool",
            .machine = machine,
            .housekeeping = housekeeping,
            .workers = workers,
            .memory = {.budget_per_node_bytes = 64u << 20},
            .pool = pool};
}

// `segments` of `slots` each, with one worker or two.
template <std::size_t segments, std::size_t slots>
inline constexpr Board one_with = pool_board(one_taker,
                                             {.segments = segments, .slots_per_segment = slots});
template <std::size_t segments, std::size_t slots>
inline constexpr Board two_with = pool_board(two_takers,
                                             {.segments = segments, .slots_per_segment = slots});

// Sanitizers make everything some ten times as slow.
inline constexpr bool is_sanitized = platform::address_sanitizer || platform::thread_sanitizer;

// Hands over until it is accepted; lets others of this cpu run while it is refused.
template <typename S, typename F>
void submit_or_wait(S& scheduler, const F& f) {
    for (;;) {
        const Submit answer = scheduler.submit({}, f);
        if (answer == Submit::accepted) return;
        platform::check(answer == Submit::full || answer == Submit::full_cooling,
                        "a running pool answered neither accepted nor full");
        platform::yield();
    }
}

}  // namespace stator::test
