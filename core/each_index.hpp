// core/each_index.hpp - a loop whose index is a constant.
#pragma once
#include <cstddef>
#include <utility>

namespace stator {

// f<0>(), f<1>(), ... f<n - 1>(), for a lambda `[]<std::size_t i>() { ... }`.
template <std::size_t n, typename F>
constexpr void each_index(F&& f) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
        (f.template operator()<i>(), ...);
    }
    (std::make_index_sequence<n>{});
}

}  // namespace stator
