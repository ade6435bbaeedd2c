// tests/weave/weave/fiber.hpp - threads of execution that take turns on one thread of the system.
//
// A switch saves the registers that a call preserves, changes the stack, and costs some 10 ns.
// Stacks come from one mapping with an inaccessible page below each. The sanitizers are told about
// every switch.
#pragma once
#include <cstddef>
#include <span>

namespace weave {

class Fiber {
public:
    // The stack whose owner calls: it gets its place at the first switch away from it.
    Fiber() = default;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // From now on this fiber is about to call `entry`, which never returns, on `stack`. What stood
    // on the stack is forgotten: no destructor runs.
    void start(std::span<std::byte> stack, void (*entry)());

    // Leaves the running fiber `from`, and goes on in `to`. Returns when somebody switches back.
    // `for_good`: nobody will.
    static void change(Fiber& from, Fiber& to, bool for_good = false);
    // The first thing that an `entry` calls.
    static void arrived();

private:
    static void note_arrival(void* shadow);

    void* place_ = nullptr;         // the stack pointer while it does not run
    void* shadow_ = nullptr;        // the address sanitizer's stack of stacks
    void* twin_ = nullptr;          // the thread sanitizer's name of this fiber
    std::span<std::byte> stack_{};  // empty for the first stack, which the program has brought
};

// `n` stacks of `bytes` each, a multiple of the page size, with a guard page below each.
class Stacks {
public:
    Stacks(std::size_t n, std::size_t bytes);
    ~Stacks();
    Stacks(const Stacks&) = delete;
    Stacks& operator=(const Stacks&) = delete;

    [[nodiscard]] std::span<std::byte> operator[](std::size_t i) const;

private:
    std::size_t n_, bytes_;
    std::byte* base_;
};

}  // namespace weave
