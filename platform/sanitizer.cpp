// platform/sanitizer.cpp - hidden memory, where the address sanitizer is there to watch it.
#include <stator/platform/sanitizer.hpp>

#include <stator/platform/cpu.hpp>

// From <sanitizer/asan_interface.h>; without the sanitizer nothing refers to them.
// NOLINTBEGIN(bugprone-reserved-identifier): the names that the sanitizer's runtime has
extern "C" void __asan_poison_memory_region(const void* at, std::size_t bytes);
extern "C" void __asan_unpoison_memory_region(const void* at, std::size_t bytes);
// NOLINTEND(bugprone-reserved-identifier)

namespace stator::platform {

void hide([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t bytes) {
    if constexpr (address_sanitizer) __asan_poison_memory_region(at, bytes);
}

void reveal([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t bytes) {
    if constexpr (address_sanitizer) __asan_unpoison_memory_region(at, bytes);
}

}  // namespace stator::platform
