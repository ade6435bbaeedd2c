// tools/board/draw_text.cpp - blocks of lines, framed, beside and below each other; then the ways,
// the workers and the nodes as tables.
#include "board/draw_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <stator/core/node_order.hpp>

namespace stator::tools {
namespace {

std::string repeated(std::string_view text, std::size_t n) {
    std::string all;
    for (; n > 0; --n) all += text;
    return all;
}
std::string spaces(std::size_t n) {
    return std::string(n, ' ');
}
// Cut off, or filled up.
std::string fitted(std::string_view text, std::size_t n) {
    const std::size_t has = characters_in(text);
    if (has <= n) return std::string(text) + spaces(n - has);
    return n == 0 ? "" : std::string(first_characters(text, n - 1)) + "…";
}

// Lines of one width; colours have none.
struct Block {
    std::vector<std::string> lines;
    std::size_t w = 0;

    void widen(std::size_t to) {
        for (std::string& line : lines) line += spaces(to - w);
        w = to;
    }
    void add_below(Block other) {
        const std::size_t most = std::max(w, other.w);
        widen(most);
        other.widen(most);
        lines.insert(lines.end(), other.lines.begin(), other.lines.end());
    }
    void add_beside(Block other) {
        const std::size_t high = std::max(lines.size(), other.lines.size());
        lines.resize(high, spaces(w));
        other.lines.resize(high, spaces(other.w));
        for (std::size_t i = 0; i < high; ++i) lines[i] += other.lines[i];
        w += other.w;
    }
};

// Left upper corner, across, right upper, down, left lower, right lower.
using Edges = std::array<std::string_view, 6>;
constexpr Edges heavy{"┏", "━", "┓", "┃", "┗", "┛"};
constexpr Edges light{"┌", "─", "┐", "│", "└", "┘"};
constexpr Edges broken{"┌", "╌", "┐", "╎", "└", "┘"};
constexpr Edges round{"╭", "─", "╮", "│", "╰", "╯"};

Block framed(Block inner, const Edges& edges, const std::string& title, std::size_t columns) {
    const std::size_t most = columns > 6 ? columns - 6 : 0;
    const std::string name =
        title.empty() ? "" : " " + fitted(title, std::min(most, characters_in(title))) + " ";
    inner.widen(std::max(inner.w, characters_in(name) + 1));
    Block block{.lines = {}, .w = inner.w + 2};
    block.lines.push_back(std::string(edges[0]) + std::string(edges[1]) + name +
                          repeated(edges[1], inner.w - 1 - characters_in(name)) +
                          std::string(edges[2]));
    for (const std::string& line : inner.lines)
        block.lines.push_back(std::string(edges[3]) + line + std::string(edges[3]));
    block.lines.push_back(std::string(edges[4]) + repeated(edges[1], inner.w) +
                          std::string(edges[5]));
    return block;
}

std::string_view sign_of(Wait wait) {
    switch (wait) {
        case Wait::futex:
            return "○";
        case Wait::spin:
            return "●";
        case Wait::spin_then_futex:
            return "◐";
        case Wait::yield:
            return "◎";
    }
    return "?";
}

class TextDrawing {
public:
    TextDrawing(const Board& b, std::span<const PlannedUse> uses, const TextOptions& options)
        : b_(b), uses_(uses), options_(options), all_(layout_of(b)) {
        is_dense_ = b.machine.cpus.count() > 48;
        measure(all_);
        cell_w_ = numbers_w_ + 2 + std::min<std::size_t>(names_w_, is_dense_ ? 9 : 24);
    }

    std::string run() {
        std::string out = strong(b_.name) + '\n' + wrapped(numbers_of(b_), " · ") + '\n';
        for (std::string& line : inside(all_, options_.columns).lines) {
            line.erase(line.find_last_not_of(' ') + 1);
            out += line + '\n';
        }
        out += '\n' + legend();
        for (const PlannedUse& use : uses_)
            if (const Way way = way_of(use); !way.stops.empty()) out += '\n' + way_text(way);
        return out + '\n' + workers() + between_nodes();
    }

private:
    // ---- Cells ----

    void measure(const Group& g) {
        for (const Group& inner : g.groups) measure(inner);
        for (const CoreSpot& core : g.cores)
            for (const CpuSpot& spot : core) {
                numbers_w_ = std::max(numbers_w_, number_of(spot).size());
                names_w_ = std::max(names_w_, characters_in(name_of(spot)));
            }
    }
    [[nodiscard]] static std::string number_of(const CpuSpot& spot) {
        return std::to_string(spot.cpu) + (spot.is_slow ? "e" : "");
    }
    [[nodiscard]] std::string name_of(const CpuSpot& spot) const {
        std::string text;
        if (!spot.workers.empty())
            text = sign_of(b_.workers[static_cast<std::size_t>(spot.workers[0])].wait);
        const std::vector<std::string> names = names_on(b_, spot);
        return names.empty() ? "·" : text + (text.empty() ? "" : " ") + joined(names, "+");
    }
    [[nodiscard]] std::string cell(const CpuSpot& spot) const {
        const std::string number = number_of(spot);
        const std::string text =
            spaces(numbers_w_ - number.size()) + number + ' ' + name_of(spot) + ' ';
        const std::string_view colour = !spot.workers.empty()
                                            ? (spot.runs_stage ? "1;97;44" : "30;46")
                                        : spot.keeps_house ? "33"
                                                           : "2";
        return coloured(fitted(text, cell_w_), colour);
    }
    [[nodiscard]] std::string coloured(std::string_view text, std::string_view colour) const {
        return options_.colours ? fmt::format("\033[{}m{}\033[0m", colour, text)
                                : std::string(text);
    }
    [[nodiscard]] std::string strong(std::string_view text) const { return coloured(text, "1"); }

    [[nodiscard]] Block core_block(const CoreSpot& core, std::size_t columns) const {
        const std::size_t fit = std::max<std::size_t>(1, (columns - 1) / (cell_w_ + 1));
        const std::size_t in_line = std::min(fit, core.size());
        // Dense cells use the frame's edge, or their neighbour's, as their left one.
        const std::string_view left_edge = is_dense_ ? "" : "│";
        Block block{.lines = {}, .w = in_line * (cell_w_ + 1) + characters_in(left_edge)};
        const auto edge = [&](std::string_view left, std::string_view middle,
                              std::string_view right) {
            std::string line(left);
            for (std::size_t i = 0; i < in_line; ++i)
                line += repeated("─", cell_w_) + std::string(i + 1 < in_line ? middle : right);
            block.lines.push_back(line);
        };
        if (!is_dense_) edge("┌", "┬", "┐");
        for (std::size_t first = 0; first < core.size(); first += in_line) {
            std::string line(left_edge);
            for (std::size_t i = first; i < first + in_line; ++i)
                line += (i < core.size() ? cell(core[i]) : spaces(cell_w_)) +
                        (i + 1 < first + in_line ? "╎" : "│");
            block.lines.push_back(line);
        }
        if (!is_dense_) edge("└", "┴", "┘");
        return block;
    }

    // ---- Frames ----

    // What is in a frame, in rows that are not wider than `columns` where that can be.
    [[nodiscard]] Block inside(const Group& g, std::size_t columns) const {
        std::vector<Block> blocks;
        for (const CoreSpot& core : g.cores) blocks.push_back(core_block(core, columns));
        for (const Group& inner : g.groups) blocks.push_back(block_of(inner, columns));
        std::size_t widest = 1;
        for (const Block& block : blocks) widest = std::max(widest, block.w);
        // Rows of the same length, where all are equally wide.
        const std::size_t fit = std::max<std::size_t>(1, columns / widest);
        const std::size_t rows = (blocks.size() + fit - 1) / fit;
        const bool is_even = std::all_of(blocks.begin(), blocks.end(),
                                         [&](const Block& block) { return block.w == widest; });
        const std::size_t most =
            is_even && rows > 0 ? (blocks.size() + rows - 1) / rows * widest : columns;
        Block all, row;
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const bool is_apart = !g.groups.empty() && g.groups[i].groups.empty() && i > 0 &&
                                  g.groups[i].cores.empty() && !g.groups[i - 1].groups.empty();
            if (!row.lines.empty() && (is_apart || row.w + blocks[i].w > most)) {
                all.add_below(std::move(row));
                row = {};
            }
            row.add_beside(std::move(blocks[i]));
        }
        all.add_below(std::move(row));
        return all;
    }
    [[nodiscard]] Block block_of(const Group& g, std::size_t columns) const {
        const std::size_t room = columns > 2 ? columns - 2 : 1;
        switch (g.frame) {
            case Frame::package:
                return framed(inside(g, room), heavy, fmt::format("package {}", g.number), columns);
            case Frame::node:
                return node_block(g, columns, room);
            case Frame::cache:
                return framed(inside(g, room), round, "cache", columns);
            default:
                return inside(g, columns);
        }
    }
    [[nodiscard]] Block node_block(const Group& g, std::size_t columns, std::size_t room) const {
        if (g.number < 0) return framed(inside(g, room), broken, "no node", columns);
        const Node& node = b_.machine.nodes[static_cast<std::size_t>(g.number)];
        const bool is_bare = g.groups.empty();
        const std::string memory = node.memory_bytes == 0 ? (is_bare ? "empty" : "no memory")
                                                          : memory_text(node.memory_bytes) +
                                                                (is_bare ? ", memory only" : "");
        const std::string budget = budget_text(b_, uses_, g.number);
        Block inner{.lines = {" " + fitted(budget, std::min(characters_in(budget), room - 1))},
                    .w = 0};
        inner.w = characters_in(inner.lines[0]);
        if (const std::uint64_t used = bytes_on(uses_, g.number);
            used > 0 && inner.w + 14 <= room) {
            const double share =
                std::min(1.0, static_cast<double>(used) /
                                  static_cast<double>(b_.memory.budget_per_node_bytes));
            const auto full = static_cast<std::size_t>(std::ceil(share * 12));
            inner.lines[0] += ' ' + repeated("█", full) + repeated("░", 12 - full);
            inner.w += 13;
        }
        if (!is_bare) inner.add_below(inside(g, room));
        return framed(std::move(inner), is_bare ? broken : light,
                      fmt::format("node {}, {}", node.id, memory), columns);
    }

    // ---- What stands below ----

    // In as many lines as they need.
    [[nodiscard]] std::string wrapped(const std::vector<std::string>& words,
                                      std::string_view between) const {
        std::string out, line;
        for (const std::string& word : words) {
            const std::string next = (line.empty() ? "  " : std::string(between)) + word;
            if (!line.empty() && characters_in(line + next) > options_.columns) {
                out += line + '\n';
                line = "  " + word;
            } else {
                line += next;
            }
        }
        return out + line + '\n';
    }
    [[nodiscard]] std::string legend() const {
        std::vector<std::string> words;
        for (const Wait wait : {Wait::futex, Wait::spin_then_futex, Wait::spin, Wait::yield})
            if (std::any_of(b_.workers.begin(), b_.workers.end(),
                            [&](const Worker& w) { return w.wait == wait; }))
                words.push_back(fmt::format("{} {}", sign_of(wait), wait_text(b_, wait)));
        words.emplace_back("Linux: housekeeping, also the caller");
        words.emplace_back("· idle");
        if (!b_.machine.slow_cpus.empty()) words.emplace_back("e efficiency cpu");
        return wrapped(words, "   ");
    }

    using Table = std::vector<std::vector<std::string>>;
    static std::string table_text(const Table& lines) {
        std::vector<std::size_t> widths(lines.front().size(), 0);
        for (const auto& line : lines)
            for (std::size_t i = 0; i < line.size(); ++i)
                widths[i] = std::max(widths[i], characters_in(line[i]));
        std::string out;
        for (const auto& line : lines) {
            std::string text;
            for (std::size_t i = 0; i < line.size(); ++i) text += "  " + fitted(line[i], widths[i]);
            text.erase(text.find_last_not_of(' ') + 1);
            out += text + '\n';
        }
        return out;
    }

    [[nodiscard]] std::string way_text(const Way& way) const {
        Table lines;
        if (way.has_caller) lines.push_back({"the caller", b_.housekeeping.word(), "", ""});
        for (std::size_t i = 0; i < way.stops.size(); ++i) {
            const Stop& stop = way.stops[i];
            const bool stays = std::any_of(way.hops.begin(), way.hops.end(), [&](const Hop& hop) {
                return hop.to == i && hop.from != from_caller &&
                       way.stops[hop.from].worker == stop.worker;
            });
            const Worker& w = b_.workers[static_cast<std::size_t>(stop.worker)];
            const std::string arrow = stop.rings == 0 ? "" : stays ? "─▶ " : "═▶ ";
            lines.push_back({spaces(2 * (stop.column - (way.has_caller ? 0 : 1))) + arrow +
                                 std::string(stop.role),
                             fmt::format("{}, cpu {}, node {}", w.name, w.cpu,
                                         b_.node_id_of_worker(stop.worker)),
                             stop.rings == 0 ? "" : "reads " + count_text(stop.rings, "ring"),
                             stop.rings == 0 ? "" : memory_text(stop.ring_bytes)});
        }
        return strong(way.title) + "   ═▶ from another worker   ─▶ from the same\n" +
               table_text(lines);
    }
    [[nodiscard]] std::string workers() const {
        Table lines{{"worker", "cpu", "waits", "class", "runs"}};
        for (const WorkerRow& row : worker_rows_of(b_))
            lines.push_back({row.names, row.cpus, row.waits, row.scheduling, row.roles});
        return strong("Workers") + '\n' + table_text(lines);
    }
    [[nodiscard]] std::string between_nodes() const {
        const Machine& m = b_.machine;
        if (m.nodes.size() < 2) return "";
        std::string out = '\n' + strong("Distances from node to node") + '\n';
        if (m.distances.empty()) out += "  This machine does not tell them.\n";
        constexpr std::size_t in_line = 18;
        for (std::size_t first = 0; !m.distances.empty() && first < m.nodes.size();
             first += in_line) {
            const std::size_t last = std::min(first + in_line, m.nodes.size());
            std::string ids = spaces(11);
            for (std::size_t j = first; j < last; ++j) ids += fmt::format("{:>4}", m.nodes[j].id);
            out += ids + '\n';
            for (std::size_t i = 0; i < m.nodes.size(); ++i) {
                out += fmt::format("  node {:<4}", m.nodes[i].id);
                for (std::size_t j = first; j < last; ++j)
                    out += fmt::format("{:>4}", m.distances[i * m.nodes.size() + j]);
                out += '\n';
            }
        }
        return out + '\n' + steal_text();
    }
    [[nodiscard]] std::string steal_text() const {
        std::string out = strong("Who takes tasks from whom") + '\n';
        const NodeOrder nodes = nearest_task_nodes(b_, -1);
        if (nodes.count == 0) return out + "  No worker takes tasks.\n";
        if (nodes.count == 1) return out + "  Workers steal from each other on their one node.\n";
        if (!steals_far(b_))
            return out + "  Workers steal on their own node, never from other nodes.\n";
        const auto id = [&](int node) {
            return std::to_string(b_.machine.nodes[static_cast<std::size_t>(node)].id);
        };
        for (const int home : nodes) {
            std::vector<std::string> words{"node " + id(home)};
            for (const int node : steal_order(b_, home)) words.push_back(id(node));
            out += wrapped(words, " → ");
        }
        return out;
    }

    const Board& b_;
    std::span<const PlannedUse> uses_;
    TextOptions options_;
    Group all_;
    bool is_dense_ = false;
    std::size_t numbers_w_ = 1, names_w_ = 1, cell_w_ = 0;
};

}  // namespace

std::string text_of(const Board& b, std::span<const PlannedUse> uses, const TextOptions& options) {
    return TextDrawing(b, uses, options).run();
}

}  // namespace stator::tools
