// tests/weave/weave/fiber.cpp - the switch itself, for x86-64 and aarch64.
#include "fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// void weave_switch(void** leave, void* enter): pushes what a call preserves, stores the stack
// pointer in *leave, takes `enter` for it, pops, returns into the other fiber.
#if defined(__x86_64__)
asm(R"(
.text
.globl weave_switch
.type weave_switch, @function
weave_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size weave_switch, . - weave_switch
)");
#elif defined(__aarch64__)
asm(R"(
.text
.globl weave_switch
.type weave_switch, %function
weave_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size weave_switch, . - weave_switch
)");
#else
#error "fibers are written for x86-64 and aarch64; add the switch of this architecture here"
#endif

extern "C" void weave_switch(void** leave, void* enter);

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace weave {
namespace {

// ---- What the sanitizers want to know; nothing without them ----

[[maybe_unused]] Fiber* coming_from = nullptr;

#ifdef __SANITIZE_ADDRESS__
void forget(std::span<std::byte> stack) {
    __asan_unpoison_memory_region(stack.data(), stack.size());
}
void leaving(void** shadow, std::span<std::byte> to) {
    __sanitizer_start_switch_fiber(shadow, to.data(), to.size());
}
std::span<std::byte> entered(void* shadow) {
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(shadow, &bottom, &size);
    return {static_cast<std::byte*>(const_cast<void*>(bottom)), size};
}
#else
void forget(std::span<std::byte>) {}
void leaving(void**, std::span<std::byte>) {}
std::span<std::byte> entered(void*) {
    return {};
}
#endif

#ifdef __SANITIZE_THREAD__
void make_twin(void*& twin) {
    if (twin != nullptr) __tsan_destroy_fiber(twin);
    twin = __tsan_create_fiber(0);
}
void change_twins(void*& from, void* to) {
    if (from == nullptr) from = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to, 0);
}
#else
void make_twin(void*&) {}
void change_twins(void*&, void*) {}
#endif

// What weave_switch pops: the registers, all zero, and the address that it returns to.
#if defined(__x86_64__)
constexpr std::size_t frame_words = 8, entry_at = 6;
#else
constexpr std::size_t frame_words = 20, entry_at = 11;
#endif

}  // namespace

void Fiber::start(std::span<std::byte> stack, void (*entry)()) {
    stack_ = stack;
    shadow_ = nullptr;
    forget(stack);
    make_twin(twin_);
    // x86-64: at its first instruction a function finds the stack 8 off a multiple of 16.
    auto* const top = reinterpret_cast<std::uint64_t*>(stack.data() + stack.size()) - 2;
    std::uint64_t* const frame = top - frame_words;
    for (std::size_t i = 0; i < frame_words + 2; ++i) frame[i] = 0;
    frame[entry_at] = reinterpret_cast<std::uint64_t>(entry);
    place_ = frame;
}

void Fiber::change(Fiber& from, Fiber& to, bool for_good) {
    coming_from = &from;
    leaving(for_good ? nullptr : &from.shadow_, to.stack_);
    change_twins(from.twin_, to.twin_);
    weave_switch(&from.place_, to.place_);
    note_arrival(from.shadow_);
}

void Fiber::arrived() {
    note_arrival(nullptr);
}

// The first stack is known when somebody has come from it.
void Fiber::note_arrival(void* shadow) {
    const std::span<std::byte> left = entered(shadow);
    if (coming_from->stack_.empty()) coming_from->stack_ = left;
}

Stacks::Stacks(std::size_t n, std::size_t bytes)
    : n_(n), bytes_(bytes + static_cast<std::size_t>(getpagesize())) {
    void* const at = mmap(nullptr, n_ * bytes_, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        std::perror("weave: no memory for the stacks of fibers");
        std::abort();
    }
    base_ = static_cast<std::byte*>(at);
    for (std::size_t i = 0; i < n_; ++i) {
        if (mprotect(base_ + i * bytes_, static_cast<std::size_t>(getpagesize()), PROT_NONE) != 0) {
            std::perror("weave: cannot guard the stack of a fiber");
            std::abort();
        }
    }
}

Stacks::~Stacks() {
    munmap(base_, n_ * bytes_);
}

std::span<std::byte> Stacks::operator[](std::size_t i) const {
    const auto guard = static_cast<std::size_t>(getpagesize());
    return {base_ + i * bytes_ + guard, bytes_ - guard};
}

}  // namespace weave
