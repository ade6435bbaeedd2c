// tests/weave/world/stator/core/sync.hpp - the names of core/sync.hpp in the explorer's world.
//
// This folder comes before the product's on the include path of tests/weave, so the headers of core
// find this file in place of theirs. Objects that have seen it refer to `world_of_the_explorer`.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <weave/qsbr.hpp>
#include <weave/weave.hpp>

namespace stator::sync {

using weave::atomic;
using weave::futex_wait;
using weave::futex_wake;
using weave::hide;
using weave::plain;
using weave::read;
using weave::relax;
using weave::reveal;
using weave::write;

// The slots of a segment.
template <typename Slot, std::size_t n>
void hide(const std::array<Slot, n>& segment, weave::Where where = weave::Where::current()) {
    for (const Slot& slot : segment) {
        hide(slot.mark, where);
        hide(slot.item, where);
    }
}
template <typename Slot, std::size_t n>
void reveal(const std::array<Slot, n>& segment) {
    for (const Slot& slot : segment) {
        reveal(slot.mark);
        reveal(slot.item);
    }
}

// On a cpu that is shared, giving way is what a spin hint is here.
inline void yield(weave::Where where = weave::Where::current()) {
    weave::relax(where);
}
[[nodiscard]] inline std::uint64_t cycles() {
    return weave::now();
}

// ---- Grace periods ----

// The readers of one model. Its first member, as its worker's readers look for it.
class World {
public:
    World() { current = this; }
    static inline World* current = nullptr;

    weave::Qsbr qsbr;
    weave::atomic<std::uint64_t> periods{0};
    std::array<void*, weave::threads_max> owners{};
    std::array<std::size_t, weave::threads_max> stack_used{};
};

class RcuReader {
public:
    RcuReader() : number_(World::current->qsbr.join()) {}
    void enter(atomic<std::uint64_t>&) {}
    void leave() { weave::expect(depth_ == 0, "an RCU reader leaves offline"); }
    void online() {
        if (depth_++ == 0) World::current->qsbr.online(number_);
    }
    void offline() {
        if (--depth_ == 0) World::current->qsbr.offline(number_);
    }

private:
    std::size_t number_;
    unsigned depth_ = 0;
};

[[nodiscard]] inline std::uint64_t rcu_begin_period() {
    return World::current->periods.fetch_add(1, std::memory_order::relaxed) + 1;
}
inline void rcu_synchronize() {
    World::current->qsbr.synchronize();
}

// ---- The calling thread ----

[[nodiscard]] inline void* owner_of_this_thread() {
    return World::current->owners[weave::this_thread()];
}
inline void set_owner_of_this_thread(void* owner) {
    World::current->owners[weave::this_thread()] = owner;
}
// Every thread has all the stack that it wants, but for what its model says that it has used.
[[nodiscard]] inline const std::byte* stack_address() {
    constexpr std::uintptr_t top = std::uintptr_t{1} << 40;
    const std::size_t used = World::current->stack_used[weave::this_thread()];
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return reinterpret_cast<const std::byte*>(top - used);
}
// A model never forks.
[[nodiscard]] inline std::uint32_t forks() {
    return 0;
}
[[nodiscard]] inline int this_thread_id() {
    return static_cast<int>(weave::this_thread()) + 1;
}
[[nodiscard]] inline int current_cpu() {
    return static_cast<int>(weave::this_thread());
}
[[nodiscard]] inline std::uint64_t faults_of_this_thread() {
    return 0;
}

// Threads of a model sleep on their words alone.
class WakeDescriptor {
public:
    static constexpr std::size_t others_max = 16;
    [[nodiscard]] bool open() { return false; }
    [[nodiscard]] bool is_open() const { return false; }
    void wake() const {}
    void wait(std::span<const int>) { weave::expect(false, "a model has no descriptors"); }
};

// A deadline may pass at any time.
[[nodiscard]] inline bool futex_wait_until(const atomic<std::uint32_t>& word,
                                           std::uint32_t expected, std::uint64_t,
                                           weave::Where where = weave::Where::current()) {
    if (weave::choose(2) == 1) return false;
    weave::futex_wait(word, expected, where);
    return true;
}
[[nodiscard]] inline std::uint64_t monotonic_ns() {
    return weave::now();
}

// Once for each start it runs off, at any time after it: when a model asks.
class OneShotTimer {
public:
    [[nodiscard]] bool open() { return false; }
    [[nodiscard]] int descriptor() const { return -1; }
    void start(std::uint64_t) { (void)started_.exchange(true, std::memory_order::release); }
    [[nodiscard]] bool has_run_off() const {
        return started_.load(std::memory_order::acquire) &&
               started_.exchange(false, std::memory_order::acquire);
    }

private:
    mutable weave::atomic<bool> started_{false};
};

inline constexpr bool has_real_sizes = false;

extern const char world_of_the_explorer;  // defined in tests/weave/world/world.cpp
[[gnu::used]] inline const char* const in_the_explorer = &world_of_the_explorer;

}  // namespace stator::sync
