// platform/rcu.cpp - grace periods by liburcu's QSBR flavour, linked statically and not inlined.
//
// _LGPL_SOURCE stays undefined: its inline functions are slower from C++ (a check of thread-local
// initialisation at every access) and are not understood by the thread sanitizer.
#include <stator/platform/rcu.hpp>

#include <urcu-qsbr.h>

#include <stator/platform/check.hpp>
#include <stator/platform/cpu.hpp>

// From <sanitizer/tsan_interface.h>; without the sanitizer nothing refers to them.
// NOLINTBEGIN(bugprone-reserved-identifier): the names that the sanitizer's runtime has
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
// NOLINTEND(bugprone-reserved-identifier)

namespace stator::platform {
namespace {

using enum std::memory_order;

// Periods begun. Each `rcu_synchronize` takes the next number before it waits.
std::atomic<std::uint64_t> begun{0};

thread_local RcuReader* mine = nullptr;

// What liburcu orders by barriers of its own, told to the sanitizer: a reader's past before the
// return of synchronize.
[[maybe_unused]] char passed;
void reader_passes() {
    if constexpr (thread_sanitizer) __tsan_release(&passed);
}
void all_have_passed() {
    if constexpr (thread_sanitizer) __tsan_acquire(&passed);
}

RcuReader& reader_of_this_thread() {
    check(mine != nullptr, "a ReadGuard on a thread that is no reader; only workers are");
    return *mine;
}

}  // namespace

void RcuReader::enter(std::atomic<std::uint64_t>& first_period) {
    check(mine == nullptr, "a thread became an RCU reader twice");
    first_period_ = &first_period;
    mine = this;
    urcu_qsbr_register_thread();
    go_offline();
}

void RcuReader::leave() {
    check(mine == this && depth_ == 0, "an RCU reader left while it was online");
    reader_passes();
    urcu_qsbr_unregister_thread();
    mine = nullptr;
}

void RcuReader::go_online() {
    // For reports: read late it names a reader that is not late any more; it protects nothing.
    first_period_->store(begun.load(relaxed) + 1, relaxed);  // for reports, as said above
    urcu_qsbr_thread_online();
}

void RcuReader::go_offline() {
    reader_passes();
    urcu_qsbr_thread_offline();
    first_period_->store(0, relaxed);  // for reports
}

RcuReader* this_reader() {
    return mine;
}

ReadGuard::ReadGuard() : reader_(reader_of_this_thread()) {
    reader_.online();
}

std::uint64_t rcu_begin_period() {
    return begun.fetch_add(1, relaxed) + 1;  // a number for reports; liburcu orders what matters
}

void rcu_synchronize() {
    urcu_qsbr_synchronize_rcu();
    all_have_passed();
}

}  // namespace stator::platform
