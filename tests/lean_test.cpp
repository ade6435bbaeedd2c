// tests/lean_test.cpp - core works in a program without exceptions and RTTI.
#include <cstdint>
#include <cstdio>

#include <stator/board.hpp>
#include <stator/core/scheduler.hpp>

namespace {

using namespace stator;

struct Number {
    std::uint64_t value;
};
struct Source {
    std::uint64_t next = 0;
    Poll operator()(Number& out) {
        out.value = next++;
        return next > 1000 ? Poll::ended : Poll::item;
    }
};
struct Sum {
    std::uint64_t total = 0;
    void operator()(const Number& in) { total += in.value; }
};
using Line = Pipeline<StageOf<"a", Source>, Ring<Number, 64>, StageOf<"z", Sum>>;

}  // namespace

int main() {
    Scheduler<stator::board, Line> scheduler;
    if (const auto s = scheduler.start(); !s.ok()) {
        std::fprintf(stderr, "cannot start: %s\n", s.text().c_str());
        return 3;
    }
    scheduler.wait();
    const std::uint64_t total = scheduler.state<Line, "z">().total;
    std::printf("sum: %llu\n", static_cast<unsigned long long>(total));
    return total == 999 * 1000 / 2 ? 0 : 1;
}
