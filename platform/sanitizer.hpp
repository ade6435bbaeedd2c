// platform/sanitizer.hpp - tells the address sanitizer which of our static memory is out of use.
//
// Everything lies in static arenas, so the sanitizer sees no frees of ours. Memory that waits for
// its next use is hidden; a touch of it ends the program as `use-after-poison`. Without the
// sanitizer both calls do nothing; they are made once a segment, not once a task.
// Source: <sanitizer/asan_interface.h>, ASAN_POISON_MEMORY_REGION.
#pragma once
#include <cstddef>

namespace stator::platform {

// Nobody may touch these bytes (whole multiples of 8) until `reveal`. Any thread.
void hide(const void* at, std::size_t bytes);
void reveal(const void* at, std::size_t bytes);

}  // namespace stator::platform
