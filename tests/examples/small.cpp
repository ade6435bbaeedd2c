// tests/examples/small.cpp - the smallest pipeline: numbers come in, their sum goes out.
#include <cstdio>

#include <stator/board.hpp>  // the board that -DBOARD= chose; the default is this machine
#include <stator/core/scheduler.hpp>

struct Number {
    int value;
};
struct Sum {
    int total = 0;
    void operator()(const Number& in) { total += in.value; }
};
bool twice(const Number& in, Number& out) {
    out.value = 2 * in.value;
    return true;
}

using Line = stator::Pipeline<stator::Input<Number, 64>, stator::Stage<"double", twice>,
                              stator::Ring<Number, 64>, stator::StageOf<"sum", Sum>>;
static stator::Scheduler<stator::board, Line> scheduler;  // all memory it will ever use

int main() {
    if (const auto s = scheduler.start(); !s.ok()) return std::puts(s.text().c_str()), 3;
    for (int i = 1; i <= 100; ++i) (void)scheduler.input<Line>().push_or_wait({i});
    scheduler.stop();  // handles what was accepted, then joins
    std::printf("%d\n", scheduler.state<Line, "sum">().total);
}
