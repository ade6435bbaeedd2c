// tests/weave/weave/atomic.hpp - std::atomic as the explorer plays it: every call is a step.
//
// The members are those of the standard, but no order has a default, and there are no operators:
// code that leaves an order out does not compile.
#pragma once
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "engine.hpp"

namespace weave {

template <typename T>
class atomic {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8,
                  "the explorer plays atomics of at most 8 bytes");

public:
    atomic() : atomic(T{}) {}
    atomic(T initial) { engine().born(at_, bits(initial)); }
    ~atomic() { engine().ends(at_, Where::current()); }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    [[nodiscard]] T load(Order order, Where where = Where::current()) const {
        return value(engine().load(at_, order, where));
    }
    void store(T desired, Order order, Where where = Where::current()) {
        engine().store(at_, bits(desired), order, where);
    }
    T exchange(T desired, Order order, Where where = Where::current()) {
        return change([&](T) { return desired; }, order, where);
    }
    [[nodiscard]] bool compare_exchange_strong(T& expected, T desired, Order success, Order failure,
                                               Where where = Where::current()) {
        return compare(expected, desired, false, success, failure, where);
    }
    [[nodiscard]] bool compare_exchange_weak(T& expected, T desired, Order success, Order failure,
                                             Where where = Where::current()) {
        return compare(expected, desired, true, success, failure, where);
    }
    T fetch_add(T n, Order order, Where where = Where::current()) requires std::integral<T> {
        return change([&](T old) { return static_cast<T>(old + n); }, order, where);
    }
    T fetch_sub(T n, Order order, Where where = Where::current()) requires std::integral<T> {
        return change([&](T old) { return static_cast<T>(old - n); }, order, where);
    }
    T fetch_and(T mask, Order order, Where where = Where::current()) requires std::integral<T> {
        return change([&](T old) { return static_cast<T>(old & mask); }, order, where);
    }
    T fetch_or(T mask, Order order, Where where = Where::current()) requires std::integral<T> {
        return change([&](T old) { return static_cast<T>(old | mask); }, order, where);
    }
    T fetch_xor(T mask, Order order, Where where = Where::current()) requires std::integral<T> {
        return change([&](T old) { return static_cast<T>(old ^ mask); }, order, where);
    }

    // The newest value in modification order; no step. For a model's own checks.
    [[nodiscard]] T newest() const { return value(engine().newest(at_)); }
    // The explorer's name for this object.
    [[nodiscard]] Location& location() const { return at_; }

private:
    static Engine& engine() { return Engine::the(); }
    static std::uint64_t bits(T v) {
        std::uint64_t b = 0;
        std::memcpy(&b, &v, sizeof v);
        return b;
    }
    static T value(std::uint64_t b) {
        T v;
        std::memcpy(&v, &b, sizeof v);
        return v;
    }
    template <typename Change>
    T change(Change&& changed, Order order, Where where) {
        const T old = value(engine().begin_change(at_, where));
        engine().end_change(at_, bits(changed(old)), order, where);
        return old;
    }
    bool compare(T& expected, T desired, bool weak, Order success, Order failure, Where where) {
        std::uint64_t seen = bits(expected);
        const bool done =
            engine().compare_exchange(at_, seen, bits(desired), weak, success, failure, where);
        expected = value(seen);
        return done;
    }

    mutable Location at_;
};

inline void fence(Order order, Where where = Where::current()) {
    Engine::the().fence(order, where);
}

}  // namespace weave
