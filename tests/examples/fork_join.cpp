// tests/examples/fork_join.cpp - a sum by divide and conquer, and a loop on all workers.
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include <stator/board.hpp>
#include <stator/core/parallel_for.hpp>
#include <stator/core/scheduler.hpp>

static stator::Scheduler<stator::board> scheduler;

std::uint64_t sum(std::span<const std::uint64_t> numbers) {
    if (numbers.size() <= 1000) {
        std::uint64_t total = 0;
        for (const std::uint64_t n : numbers) total += n;
        return total;
    }
    const std::size_t half = numbers.size() / 2;
    std::uint64_t left = 0;
    stator::TaskGroup group(scheduler.tasks());
    group.run([&] { left = sum(numbers.first(half)); });  // whoever has time
    const std::uint64_t right = sum(numbers.subspan(half));
    (void)group.wait();  // works meanwhile; afterwards `left` is ours to read
    return left + right;
}

int main() {
    if (const auto s = scheduler.start(); !s.ok()) return std::puts(s.text().c_str()), 3;
    std::vector<std::uint64_t> squares(100'000);
    const auto square = [&](std::size_t i) { squares[i] = i * i; };
    if (stator::parallel_for(scheduler.tasks(), 0, squares.size(), 4096, square) !=
        stator::Outcome::done)
        return 1;  // a call has thrown
    std::printf("sum of squares: %llu\n", static_cast<unsigned long long>(sum(squares)));
}
