// tests/examples/pool_and_pipeline.cpp - a pipeline looks at every packet; what is rare and slow
// becomes a task, so that the line goes on meanwhile.
#include <atomic>
#include <cstdint>
#include <cstdio>

#include <stator/board.hpp>
#include <stator/core/scheduler.hpp>

struct Packet {
    std::uint32_t number;
};
bool is_suspicious(const Packet& in, Packet& out) {  // false ends the packet here
    out = in;
    return in.number % 100 == 0;
}
struct Examine {
    stator::TaskPool<stator::board>* pool = nullptr;
    std::atomic<std::uint32_t> examined{0};
    std::uint32_t refused = 0;

    void operator()(const Packet& in) {
        const auto look_closely = [this, in] { examined += in.number % 100 == 0 ? 1 : 0; };
        if (pool->submit<"examine">({}, look_closely) != stator::Submit::accepted) ++refused;
    }
};
using Line = stator::Pipeline<stator::Input<Packet, 256>, stator::Stage<"filter", is_suspicious>,
                              stator::Ring<Packet, 64>, stator::StageOf<"examine", Examine>>;
static stator::Scheduler<stator::board, Line> scheduler;

int main() {
    const auto s = scheduler.start([](auto& made) {  // all objects exist, and no worker runs yet
        made.template state<Line, "examine">().pool = &made.tasks();
    });
    if (!s.ok()) return std::puts(s.text().c_str()), 3;
    for (std::uint32_t i = 0; i < 10'000; ++i) (void)scheduler.input<Line>().push_or_wait({i});
    scheduler.stop();  // the line first, then the tasks that it has handed over
    const Examine& sink = scheduler.state<Line, "examine">();
    std::printf("%u examined, %u refused\n", sink.examined.load(), sink.refused);
    return sink.examined + sink.refused == 100 ? 0 : 1;
}
