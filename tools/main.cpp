// tools/main.cpp - the `stator` command: flow, top, metrics, bench; board gen, check, print, draw.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "bench/command.hpp"
#include "board/commands.hpp"
#include "board_draw.hpp"
#include "board_print.hpp"
#include "flowmeter/command.hpp"
#include "metrics/command.hpp"
#include "top/command.hpp"

namespace {

struct Options {
    stator::flowmeter::FlowOptions flow;
    stator::top::TopOptions top;
    stator::metrics::MetricsOptions metrics;
    stator::bench::BenchOptions bench;
    stator::tools::CheckOptions check;
    stator::tools::PrintOptions print;
    stator::tools::DrawOptions draw;
    std::string xml, synthetic, name, out;
};

void add_flow(CLI::App& app, Options& o, int& code) {
    CLI::App* flow = app.add_subcommand("flow", "Count, follow and hash the flows of a capture");
    auto* source = flow->add_option_group("source", "what to read; exactly one");
    source->add_option("FILE", o.flow.file, "a capture, pcap or pcapng; - is standard input");
    source->add_option("--live", o.flow.interface, "capture from this interface until ctrl-c")
        ->type_name("IFACE");
    source->require_option(1);
    flow->add_flag("--json", o.flow.json, "print one JSON object instead of a report");
    flow->add_option("--loop", o.flow.loops, "read the file this often")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    flow->add_option("--top", o.flow.top, "flows in the list of the largest")
        ->type_name("K")
        ->capture_default_str();
    flow->add_option("--export", o.flow.csv, "write all flows to this file")->type_name("CSV");
    flow->callback([&] { code = stator::flowmeter::run_flow(o.flow); });
}

void add_top(CLI::App& app, Options& o, int& code) {
    CLI::App* top = app.add_subcommand("top", "Show what the scheduler of another process does");
    top->add_option("--pid", o.top.pid, "of the process; needed where several run schedulers")
        ->type_name("N")
        ->check(CLI::Range(1, 1 << 30));
    top->add_flag("--once", o.top.once, "print one picture and end");
    top->add_flag("--json", o.top.json, "print one JSON object and end");
    top->add_option("--interval", o.top.interval_s, "seconds from one picture to the next")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.05, 3600.0))
        ->capture_default_str();
    top->add_flag("--remove-stale", o.top.remove_stale,
                  "remove the view files of processes that have ended, and end")
        ->excludes("--pid")
        ->excludes("--once")
        ->excludes("--json");
    top->callback([&] { code = stator::top::run_top(o.top); });
}

void add_metrics(CLI::App& app, Options& o, int& code) {
    CLI::App* metrics =
        app.add_subcommand("metrics", "Print the figures of running schedulers for Prometheus");
    metrics->add_option("--pid", o.metrics.pid, "of one process; without it all are printed")
        ->type_name("N")
        ->check(CLI::Range(1, 1 << 30));
    metrics->callback([&] { code = stator::metrics::run_metrics(o.metrics); });
}

void add_bench(CLI::App& app, Options& o, int& code) {
    CLI::App* bench = app.add_subcommand("bench", "Measure Stator beside its peers, here and now");
    bench->add_option("--workload", o.bench.workloads, "only this one; may be given again")
        ->type_name("NAME")
        ->check(CLI::IsMember(stator::bench::workload_names()));
    bench->add_option("--column", o.bench.columns, "stator and only this one; may be given again")
        ->type_name("NAME")
        ->check(CLI::IsMember(stator::bench::column_names()));
    bench->add_option("--workers", o.bench.workers, "only with so many workers, 1 or 2")
        ->type_name("N")
        ->check(CLI::Range(1, 2));
    bench->add_option("--repetitions", o.bench.repetitions, "runs of each column, at least 5")
        ->type_name("N")
        ->check(CLI::Range(5, 1000))
        ->capture_default_str();
    bench->add_flag("--quick", o.bench.quick, "fewer operations: to see that all of it works");
    bench->add_flag("--json", o.bench.json, "print one JSON object instead of tables");
    bench->callback([&] { code = stator::bench::run_bench(o.bench); });
}

void add_board(CLI::App& app, Options& o, int& code) {
    CLI::App* board = app.add_subcommand("board", "Describe, check, print and draw boards");
    board->require_subcommand(1);

    CLI::App* gen = board->add_subcommand("gen", "Write a board from what this machine is");
    CLI::Option* xml =
        gen->add_option("--xml", o.xml, "describe the machine in this hwloc file instead")
            ->type_name("FILE");
    gen->add_option("--synthetic", o.synthetic,
                    "or one in hwloc's short form, like \"node:2 core:4 pu:2\"")
        ->type_name("TEXT")
        ->excludes(xml);
    gen->add_option("--name", o.name, "of the board: letters, digits, - and _")
        ->required()
        ->type_name("NAME");
    gen->add_option("--out", o.out, "DIR/NAME/topology.hpp and board.hpp are written")
        ->required()
        ->type_name("DIR");
    gen->callback([&] {
        code = stator::tools::board_gen(
            {.xml = o.xml, .synthetic = o.synthetic, .name = o.name, .out = o.out});
    });

    CLI::App* check = board->add_subcommand("check", "Compare a board with this machine");
    check->add_option("--board", o.check.board, "another one than the command was built for")
        ->type_name("NAME");
    check->add_option("--xml", o.check.xml, "compare it with this hwloc file instead")
        ->type_name("FILE");
    check->add_flag("--json", o.check.json, "print one JSON object instead of lines");
    check->callback([&] { code = stator::tools::board_check(o.check); });

    CLI::App* print = board->add_subcommand("print", "Print workers, roles, cpus, nodes and bytes");
    print->add_flag("--memory", o.print.memory, "only the memory per node");
    print->add_flag("--live", o.print.live, "start, and ask the kernel where every page is");
    print->callback([&] { code = stator::tools::print_board(o.print); });

    CLI::App* draw = board->add_subcommand(
        "draw", "Draw nodes, caches, cpus, who sits there, and the way of an item");
    draw->add_option("--board", o.draw.board, "another one than the command was built for")
        ->type_name("NAME");
    draw->add_option("--svg", o.draw.svg,
                     "write an SVG picture to this file; - is standard output; without it the "
                     "drawing is for a terminal")
        ->type_name("FILE");
    draw->add_flag("--interface", o.draw.interface,
                   "with the flowmeter on an interface, not on a capture file");
    draw->callback([&] { code = stator::tools::draw_board(o.draw); });
}

}  // namespace

int main(int argc, char** argv) try {
    // What hwloc has to say about a file that it cannot read is said in one line, by us.
    setenv("HWLOC_HIDE_ERRORS", "2", 0);
    CLI::App app{"stator: pinned pipelines on a board that was known when this was built"};
    app.require_subcommand(1);
    Options options;
    int code = 0;
    add_flow(app, options, code);
    add_top(app, options, code);
    add_metrics(app, options, code);
    add_bench(app, options, code);
    add_board(app, options, code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    return code;
} catch (const std::exception& e) {
    std::fprintf(stderr, "stator: %s\n", e.what());
    return 1;
}
