// core/sync.hpp - the names under which core reaches atomics, sleeping, spinning, the clock, RCU,
// the calling thread and shared cells.
//
// Lock-free code of this floor says `sync::atomic`, never `std::atomic`, and makes no system call
// of its own. In the product every name is an alias, so the generated code is that of the standard
// library. A program that explores interleavings puts a header of the same name before this one on
// its include path and gets the explorer's versions (tests/weave/world). Each world refers to a
// symbol that only its own library defines, and both libraries define `only_one_world`, so that
// objects of two worlds do not link together.
//
// A `sync::plain<T>` is a cell that two threads share and that an edge (a labelled acquire and
// release pair) protects. It is touched only through `read` and `write`, so that the explorer sees
// it.
#pragma once
#include <atomic>
#include <cstdint>

#include <stator/platform/clock.hpp>
#include <stator/platform/cpu.hpp>
#include <stator/platform/fork.hpp>
#include <stator/platform/rcu.hpp>
#include <stator/platform/sanitizer.hpp>
#include <stator/platform/thread.hpp>
#include <stator/platform/wait.hpp>

namespace stator::sync {

template <typename T>
using atomic = std::atomic<T>;

template <typename T>
using plain = T;

template <typename T>
[[nodiscard]] inline T& write(T& cell) {
    return cell;
}
template <typename T>
[[nodiscard]] inline const T& read(const T& cell) {
    return cell;
}

// A cell that is out of use until `reveal`: whoever touches it is in error.
template <typename T>
inline void hide(const T& cell) {
    platform::hide(&cell, sizeof cell);
}
template <typename T>
inline void reveal(const T& cell) {
    platform::reveal(&cell, sizeof cell);
}

using platform::current_cpu;
using platform::cycles;
using platform::faults_of_this_thread;
using platform::forks;
using platform::futex_wait;
using platform::futex_wait_until;
using platform::futex_wake;
using platform::monotonic_ns;
using platform::OneShotTimer;
using platform::owner_of_this_thread;
using platform::rcu_begin_period;
using platform::rcu_synchronize;
using platform::RcuReader;
using platform::relax;
using platform::set_owner_of_this_thread;
using platform::stack_address;
using platform::this_thread_id;
using platform::WakeDescriptor;
using platform::yield;

// Records that other processes read have their size; the explorer's atomics are larger.
inline constexpr bool has_real_sizes = true;

// The names differ between the worlds, or the linker would take one for the other.
extern const char world_of_the_product;  // defined by the library that is linked into products
[[gnu::used]] inline const char* const in_the_product = &world_of_the_product;

}  // namespace stator::sync
