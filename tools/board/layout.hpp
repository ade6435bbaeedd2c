// tools/board/layout.hpp - what a drawing of a board shows, before it has a shape: frames inside
// each other, cores, cpus and who sits there, and the way of an item from worker to worker.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/plan.hpp>

namespace stator::tools {

// What a program puts on a board: the pieces of its scheduler's plan.
struct PlannedUse {
    std::string_view title;                     // "flowmeter on a capture file"
    std::span<const Piece> pieces;              // in the plan's order
    std::span<const std::uint64_t> node_bytes;  // of each node of the board, together
};

struct CpuSpot {
    int cpu = -1;
    std::vector<int> workers{};  // positions in .workers; more than one where they share the cpu
    bool keeps_house = false;
    bool is_slow = false;     // an efficiency cpu
    bool runs_stage = false;  // one of its workers has roles
};
using CoreSpot = std::vector<CpuSpot>;  // SMT siblings

enum class Frame { all, package, node, cache, plain };

// A frame with others, or with cores, in it. `all` is the whole machine; plain is not drawn: cores
// without a cache of their own, nodes of no package.
struct Group {
    Frame frame = Frame::plain;
    int number = -1;  // of a package: its position; of a node: its position in .nodes, -1 for none
    std::vector<Group> groups{};
    std::vector<CoreSpot> cores{};
};

// Every cpu of the board stands in it once. Packages hold nodes; where a node reaches over several
// packages, it holds them. Nodes without cpus come last.
[[nodiscard]] Group layout_of(const Board& b);

// A stage, or a lane of one, on its worker.
struct Stop {
    std::string_view role;
    int worker = -1;
    std::size_t column = 1;        // links from the way's beginning
    std::size_t rings = 0;         // that it reads
    std::uint64_t ring_bytes = 0;  // of these; they lie on the worker's node
};
inline constexpr std::size_t from_caller = static_cast<std::size_t>(-1);
struct Hop {
    std::size_t from = from_caller;  // position in .stops
    std::size_t to = 0;
};
struct Way {
    std::string_view title;
    std::vector<Stop> stops{};
    std::vector<Hop> hops{};
    std::size_t columns = 0;
    bool has_caller = false;
};
[[nodiscard]] Way way_of(const PlannedUse& use);

// Whether workers steal from other nodes than their own.
[[nodiscard]] bool steals_far(const Board& b);

// Workers that differ in nothing but name and cpu, next to each other on the board.
struct WorkerRow {
    std::size_t first = 0, last = 0;  // positions in .workers
    std::string names{}, cpus{}, waits{}, scheduling{}, roles{};
};
[[nodiscard]] std::vector<WorkerRow> worker_rows_of(const Board& b);

// ---- Words that all drawings use ----

// Of UTF-8: how many characters it has, and the first n of them.
[[nodiscard]] std::size_t characters_in(std::string_view text);
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t n);
// "a, b, c".
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view between);
[[nodiscard]] std::string wait_text(const Board& b, Wait wait);
[[nodiscard]] std::string_view short_wait_text(Wait wait);
// The stages of a worker: "parse, flows", "all other stages"; "" without any.
[[nodiscard]] std::string stages_text(const Board& b, const Worker& w);
[[nodiscard]] bool has_worker(const Board& b, int node);
// "2 nodes", "1 node".
[[nodiscard]] std::string count_text(std::size_t n, std::string_view one);
// The machine in numbers: "x86_64", "2 packages", "2 nodes", ...
[[nodiscard]] std::vector<std::string> numbers_of(const Board& b);
// "62.8 GiB".
[[nodiscard]] std::string memory_text(std::uint64_t bytes);
// Who is on a cpu, "" where nobody is: "work1", "Linux".
[[nodiscard]] std::vector<std::string> names_on(const Board& b, const CpuSpot& spot);
// What one node's frame says of bytes: "uses 21.3 MiB of 512.0 MiB", "budget 512.0 MiB", ...
[[nodiscard]] std::string budget_text(const Board& b, std::span<const PlannedUse> uses, int node);
// The most that one of the uses takes on a node.
[[nodiscard]] std::uint64_t bytes_on(std::span<const PlannedUse> uses, int node);

}  // namespace stator::tools
