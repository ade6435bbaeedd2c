// tests/weave/litmus/program.hpp - a litmus program as data, and what one run of it can end with.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace litmus {

enum class Location { x, y, z };
constexpr std::size_t locations = 3;

enum class Kind { load, store, fetch_add, exchange, compare_exchange, fence };

// What is read goes into a register; every register is written by one operation only.
enum Register : std::size_t { r0, r1, r2, r3, r4, r5, none };

struct Operation {
    Kind kind = Kind::fence;
    Location location = Location::x;  // a fence has none
    std::memory_order order = std::memory_order::seq_cst;
    int value = 0;           // what is stored, or added
    Register result = none;  // where what is read goes
    // For a compare-exchange: the value it wants to find, and the order when it finds another.
    int expected = 0;
    std::memory_order failure = std::memory_order::relaxed;
};

using Thread = std::vector<Operation>;

// Every location holds 0 at first.
struct Program {
    std::vector<Thread> threads;
    std::vector<Location> finals;  // whose last value is part of an outcome
};

// The registers in order, then the last values of `finals` in order.
using Outcome = std::vector<int>;

inline Operation load(Register result, Location location, std::memory_order order) {
    return {.kind = Kind::load, .location = location, .order = order, .result = result};
}
inline Operation store(Location location, int value, std::memory_order order) {
    return {.kind = Kind::store, .location = location, .order = order, .value = value};
}
inline Operation fetch_add(Register result, Location location, int value, std::memory_order order) {
    return {Kind::fetch_add, location, order, value, result};
}
inline Operation exchange(Register result, Location location, int value, std::memory_order order) {
    return {Kind::exchange, location, order, value, result};
}
// It fails when it reads another value, and only then.
inline Operation compare_exchange(Register result, Location location, int expected, int value,
                                  std::memory_order success, std::memory_order failure) {
    return {Kind::compare_exchange, location, success, value, result, expected, failure};
}
inline Operation fence(std::memory_order order) {
    return {.kind = Kind::fence, .order = order};
}

inline bool reads(const Operation& operation) {
    return operation.kind != Kind::store && operation.kind != Kind::fence;
}
// A compare-exchange may write.
inline bool writes(const Operation& operation) {
    return operation.kind != Kind::load && operation.kind != Kind::fence;
}

inline std::size_t count_registers(const Program& program) {
    std::size_t count = 0;
    for (const Thread& thread : program.threads)
        for (const Operation& operation : thread) count += reads(operation) ? 1 : 0;
    return count;
}

// The same program with every order replaced; fences too, and a relaxed fence orders nothing.
inline Program with_order(Program program, std::memory_order order) {
    for (Thread& thread : program.threads)
        for (Operation& operation : thread) operation.order = operation.failure = order;
    return program;
}

}  // namespace litmus
