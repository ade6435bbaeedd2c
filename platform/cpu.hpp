// platform/cpu.hpp - facts and single instructions of the processor we compile for.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stator::platform {

// Distance that keeps two variables from sharing a line, in bytes. x86-64 fetches lines in pairs,
// so 128 rather than 64. Source: Intel optimization manual, as cited in crossbeam cache_padded.rs.
// std::hardware_destructive_interference_size is not used: clang 14 does not define it.
inline constexpr std::size_t no_sharing_bytes = 128;

// The largest ordinary page that a kernel for this processor may use, in bytes. Arenas are aligned
// to it, so that one binary serves every page size. Source: arm64 Kconfig, ARM64_64K_PAGES.
#if defined(__aarch64__)
inline constexpr std::size_t page_bytes_max = 64 * 1024;
#else
inline constexpr std::size_t page_bytes_max = 4 * 1024;
#endif

// The huge page that `Memory::huge_pages` asks for, in bytes: the kernel's default on both
// processors with 4 KiB pages.
inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

// Whether the compiler adds the checks of a sanitizer.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool address_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool address_sanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool address_sanitizer = false;
#endif
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool thread_sanitizer = false;
#endif

inline void relax() {  // tells the core that this is a spin loop
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
}

// The cycle counter: constant rate, the same on every core of one machine. Not ordered against
// other instructions; a reading may be early by some ten cycles. Source: Intel SDM vol. 2 RDTSC;
// Arm ARM, CNTVCT_EL0.
inline std::uint64_t cycles() {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    std::uint64_t now = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(now));
    return now;
#endif
}

}  // namespace stator::platform
