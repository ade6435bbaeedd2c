// core/units.hpp - sizes with their unit in the text. Times use std::chrono.
#pragma once
#include <cstdint>

namespace stator::units {

consteval std::uint64_t operator""_KiB(unsigned long long n) {
    return n << 10;
}
consteval std::uint64_t operator""_MiB(unsigned long long n) {
    return n << 20;
}
consteval std::uint64_t operator""_GiB(unsigned long long n) {
    return n << 30;
}

}  // namespace stator::units
