// tests/refuse/line.hpp - stages that the pipelines of this folder are made of.
#pragma once
#include <stator/core/scheduler.hpp>

#include "base.hpp"

namespace refuse {

struct A {
    int value;
};
struct B {
    int value;
};
inline Poll source(A&) {
    return Poll::ended;
}
inline bool same(const A&, A&) {
    return true;
}
inline bool other(const B&, A&) {
    return true;
}
inline void sink(const A&) {}
inline int key(const A& a) {
    return a.value;
}
struct Adds {
    bool operator()(const A&, A&) { return true; }
    bool finish(A&) { return false; }
};

using Src = Stage<"src", source>;
using Mid = Stage<"mid", same>;
using End = Stage<"end", sink>;
template <Full full = Full::wait>
using R = Ring<A, 8, full>;
template <Full full = Full::wait>
using Out = FanOut<A, 8, key, full>;
template <Order order, Full full = Full::wait>
using In = FanIn<A, 8, order, full>;

}  // namespace refuse
