// core/name.hpp - a string that can be a template argument, and the name of a type as a string.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace stator {

template <std::size_t n>
struct Name {
    char text[n]{};

    // NOLINTNEXTLINE(google-explicit-constructor): Stage<"rx", ...> is the point of it
    consteval Name(const char (&literal)[n]) { std::copy_n(literal, n, text); }
    [[nodiscard]] constexpr std::string_view view() const { return {text, n - 1}; }
};

// The name of T as the compiler writes it, without namespaces: for tables that people read.
template <typename T>
[[nodiscard]] constexpr std::string_view type_name() {
    std::string_view text = __PRETTY_FUNCTION__;  // "... type_name() [with T = a::b::C; ...]"
    text.remove_prefix(text.find("T = ") + 4);
    text = text.substr(0, text.find_first_of(";]"));
    const std::size_t arguments = text.find('<');
    const std::size_t scope = text.substr(0, arguments).rfind("::");
    return scope == std::string_view::npos ? text : text.substr(scope + 2);
}

}  // namespace stator
