// tests/examples/pipeline.cpp - three stages on the board's pinned workers, joined by rings.
#include <cstdint>
#include <cstdio>

#include <stator/board.hpp>
#include <stator/core/scheduler.hpp>

struct Sample {
    std::uint32_t value;
};
struct Square {
    std::uint64_t value;
};

// A source with state: it lives in the memory of its worker's node.
struct Sampler {
    std::uint32_t next = 0;
    stator::Poll operator()(Sample& out) {
        if (next == 1000) return stator::Poll::ended;
        out.value = next++;
        return stator::Poll::item;
    }
};
bool square(const Sample& in, Square& out) {  // false would end the item here
    out.value = std::uint64_t{in.value} * in.value;
    return true;
}
struct Sum {
    std::uint64_t total = 0;
    void operator()(const Square& in) { total += in.value; }
};

using Line = stator::Pipeline<stator::StageOf<"rx", Sampler>,  // roles; the board names the cpus
                              stator::Ring<Sample, 256>,       // 256 slots; waits when full
                              stator::Stage<"square", square>, stator::Ring<Square, 256>,
                              stator::StageOf<"sum", Sum>>;

static stator::Scheduler<stator::board, Line> scheduler;  // all memory it will ever use

int main() {
    if (const auto s = scheduler.start(); !s.ok()) {
        std::fprintf(stderr, "cannot start: %s\n", s.text().c_str());
        return 3;
    }
    scheduler.wait();  // the source ends by itself
    std::printf("sum of squares: %llu\n",
                static_cast<unsigned long long>(scheduler.state<Line, "sum">().total));
}
