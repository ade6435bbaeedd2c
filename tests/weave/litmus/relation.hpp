// tests/weave/litmus/relation.hpp - sets of events and relations between them, as bit matrices.
//
// The names follow the papers: sequence(a, b) is "a ; b", only(s) is "[s]", optional(a) is "a?".
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace litmus {

constexpr std::size_t most_events = 32;
using Events = std::uint32_t;  // bit e: event e is in the set

constexpr Events event(std::size_t index) {
    return Events{1} << index;
}

// Row a, bit b: the pair (a, b) is in the relation.
struct Relation {
    std::array<Events, most_events> rows{};

    void add(std::size_t from, std::size_t to) { rows[from] |= event(to); }
    [[nodiscard]] bool has(std::size_t from, std::size_t to) const {
        return (rows[from] & event(to)) != 0;
    }
};

inline Relation operator|(Relation a, const Relation& b) {
    for (std::size_t i = 0; i < most_events; ++i) a.rows[i] |= b.rows[i];
    return a;
}
inline Relation operator&(Relation a, const Relation& b) {
    for (std::size_t i = 0; i < most_events; ++i) a.rows[i] &= b.rows[i];
    return a;
}
inline Relation operator-(Relation a, const Relation& b) {
    for (std::size_t i = 0; i < most_events; ++i) a.rows[i] &= ~b.rows[i];
    return a;
}

// Each event of the set with itself.
inline Relation only(Events set) {
    Relation result;
    for (std::size_t i = 0; i < most_events; ++i) result.rows[i] = set & event(i);
    return result;
}
inline Relation optional(const Relation& a) {
    return a | only(~Events{0});
}
inline Relation inverse(const Relation& a) {
    Relation result;
    for (std::size_t i = 0; i < most_events; ++i)
        for (std::size_t j = 0; j < most_events; ++j)
            if (a.has(i, j)) result.add(j, i);
    return result;
}

inline Relation sequence(const Relation& a, const Relation& b) {
    Relation result;
    for (std::size_t i = 0; i < most_events; ++i)
        for (Events left = a.rows[i]; left != 0; left &= left - 1)
            result.rows[i] |= b.rows[static_cast<std::size_t>(std::countr_zero(left))];
    return result;
}
template <typename... Rest>
Relation sequence(const Relation& a, const Relation& b, const Rest&... rest) {
    return sequence(sequence(a, b), rest...);
}

// a+ : one step or more.
inline Relation closure(Relation a) {
    for (std::size_t through = 0; through < most_events; ++through)
        for (std::size_t i = 0; i < most_events; ++i)
            if (a.has(i, through)) a.rows[i] |= a.rows[through];
    return a;
}

inline bool is_empty(const Relation& a) {
    for (const Events row : a.rows)
        if (row != 0) return false;
    return true;
}
inline bool is_irreflexive(const Relation& a) {
    return is_empty(a & only(~Events{0}));
}
inline bool is_acyclic(const Relation& a) {
    return is_irreflexive(closure(a));
}

}  // namespace litmus
