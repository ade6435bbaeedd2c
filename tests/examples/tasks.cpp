// tests/examples/tasks.cpp - many small tasks, run by the board's task workers.
#include <array>
#include <cstdint>
#include <cstdio>

#include <stator/board.hpp>
#include <stator/core/scheduler.hpp>

static stator::Scheduler<stator::board> scheduler;  // a pool alone: no pipeline
static std::array<std::uint64_t, 1000> squares;

int main() {
    if (const auto s = scheduler.start(); !s.ok()) return std::puts(s.text().c_str()), 3;
    std::uint64_t refused = 0;
    for (std::uint64_t i = 0; i < squares.size(); ++i) {
        const auto task = [i] { squares[i] = i * i; };  // by value: at most 48 bytes of captures
        // Never blocks: full, full_cooling and closed are answers. Here we do the work ourselves.
        if (scheduler.submit<"square">({}, task) != stator::Submit::accepted) {
            task();
            ++refused;
        }
    }
    scheduler.stop();  // runs what was accepted, then joins
    std::uint64_t sum = 0;
    for (const std::uint64_t square : squares) sum += square;
    std::printf("sum of squares: %llu\n", static_cast<unsigned long long>(sum));
    return scheduler.pool_report().executed + refused == squares.size() ? 0 : 1;
}
