// tests/board_draw_test.cpp - drawings of boards: everybody once, nothing over anything else, well
// formed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "board/draw_svg.hpp"
#include "board/draw_text.hpp"
#include "board/picture.hpp"
#include "runtime_board.hpp"
#include "topologies.hpp"

namespace stator::tools {
namespace {

using platform::CpuSet;
using platform::MachineFacts;

// A pipeline whose middle stage has a lane on each node with workers, as the flowmeter's.
class Laned {
public:
    explicit Laned(const Board& b) : b_(b) {
        std::vector<std::string> lanes;
        for (std::size_t i = 0; i < b.machine.nodes.size(); ++i)
            if (has_worker(b, static_cast<int>(i)))
                lanes.push_back("flows." + std::to_string(lanes.size()));
        ring("caller", "parse");
        stage("parse");
        for (const auto& lane : lanes) ring("parse", lane);
        for (const auto& lane : lanes) stage(lane);
        for (const auto& lane : lanes) ring(lane, "hash");
        stage("hash");
        bytes_.assign(b.machine.nodes.size(), 0);
        for (const Piece& piece : pieces_) bytes_[static_cast<std::size_t>(piece.node)] += 5 << 20;
    }
    [[nodiscard]] PlannedUse use() const {
        return {.title = "a use", .pieces = pieces_, .node_bytes = bytes_};
    }

private:
    void ring(const std::string& from, const std::string& to) {
        add("ring", from, b_.worker_of(to));
        pieces_.back().to = texts_.emplace_back(to);
    }
    void stage(const std::string& role) { add("stage", role, b_.worker_of(role)); }
    void add(std::string_view kind, const std::string& name, int worker) {
        pieces_.push_back({.kind = kind,
                           .name = texts_.emplace_back(name),
                           .to = {},
                           .node = b_.node_of_worker(worker),
                           .worker = worker,
                           .bytes = 4096});
    }

    const Board& b_;
    std::deque<std::string> texts_;
    std::vector<Piece> pieces_;
    std::vector<std::uint64_t> bytes_;
};

MachineFacts machine(const platform::MachineSource& source) {
    MachineFacts facts;
    const auto s = platform::read_machine(facts, source);
    EXPECT_TRUE(s.ok()) << s.text();
    return facts;
}

// The board that the generator would write for `facts`.
std::unique_ptr<test::RuntimeBoard> generated(const std::string& name, const MachineFacts& facts) {
    Choices choices;
    const auto s = choose(facts, choices);
    EXPECT_TRUE(s.ok()) << s.text();
    return std::make_unique<test::RuntimeBoard>(name, facts, choices);
}

// The same with a pipeline over several workers, on all nodes, and every way to wait.
void spread(test::RuntimeBoard& on) {
    static constexpr Wait waits[] = {Wait::spin, Wait::futex, Wait::spin_then_futex, Wait::yield};
    static const std::vector<std::string> lanes = [] {
        std::vector<std::string> all;
        for (int i = 0; i < 64; ++i) all.push_back("flows." + std::to_string(i));
        return all;
    }();
    on.board.pool.steal_far = true;
    if (on.workers.size() > 2) {
        on.workers[0].roles = {"parse"};
        on.workers[1].roles = {"hash", every_other_role};
    }
    CpuSet taken = on.board.machine.nodes[0].cpus;
    std::size_t lane = 0;
    for (std::size_t i = 2; i < on.workers.size(); ++i) {
        Worker& worker = on.workers[i];
        worker.wait = waits[i % 4];
        if (taken.contains(worker.cpu)) continue;
        for (const Node& node : on.board.machine.nodes)
            if (node.cpus.contains(worker.cpu)) taken = taken | node.cpus;
        worker.roles = {lanes[++lane]};
    }
}

// Calls `f` with boards of all kinds, without and with something on them.
void each_board(const std::function<void(const Board&, std::span<const PlannedUse>)>& f) {
    std::map<std::string, MachineFacts> all;
    for (const char* text :
         {"pu:1", "node:1 core:2 pu:1", "node:1 core:1 pu:8", "package:2 node:1 l3:1 core:8 pu:2",
          "package:2 node:4 l3:2 core:4 pu:2", "package:2 node:4 l3:2 core:8 pu:2",
          "node:2 package:2 l3:1 core:2 pu:1", "node:64 core:1 pu:1"})
        all[text] = machine({.synthetic = text});
    MachineFacts bare = machine({.synthetic = "package:2 node:2 l3:1 core:3 pu:2"});
    bare.nodes[1].memory_bytes = 0;                     // cpus only
    bare.cpus = bare.cpus.without(bare.nodes[2].cpus);  // memory only
    bare.nodes[2].cpus = {};
    bare.nodes[3].id = 17;  // sparse
    bare.slow_cpus = bare.nodes[3].cpus & platform::cpus("18-19");
    for (CpuSet& package : bare.packages) package = package & bare.cpus;
    std::erase_if(bare.smt, [&](const CpuSet& set) { return (set & bare.cpus).empty(); });
    std::erase_if(bare.last_caches, [&](const CpuSet& set) { return (set & bare.cpus).empty(); });
    all["bare nodes"] = bare;
    if (const char* root = test::topology_folder(); root != nullptr)
        for (const auto& file : test::topologies_in(root))
            all[file.filename()] = machine({.xml_file = file});
    for (const auto& [name, facts] : all) {
        SCOPED_TRACE(name);
        const auto plain = generated(name, facts);
        f(plain->board, {});
        const auto full = generated(name, facts);
        spread(*full);
        const Laned laned(full->board);
        const PlannedUse use = laned.use();
        f(full->board, {&use, 1});
    }
}

// ---- What is checked of shapes ----

constexpr double slack = 0.01;

bool is_inside(const Rect& inner, const Rect& outer) {
    return inner.x >= outer.x - slack && inner.y >= outer.y - slack &&
           inner.right() <= outer.right() + slack && inner.bottom() <= outer.bottom() + slack;
}
bool overlap(const Rect& a, const Rect& b) {
    return a.x < b.right() - slack && b.x < a.right() - slack && a.y < b.bottom() - slack &&
           b.y < a.bottom() - slack;
}
// Whether a part of the straight line is inside. Source: Liang and Barsky's clipping.
bool crosses(Point a, Point b, const Rect& at) {
    double from = 0, to = 1;
    const double dx = b.x - a.x, dy = b.y - a.y;
    for (const auto& [p, q] : {std::pair(-dx, a.x - at.x), std::pair(dx, at.right() - a.x),
                               std::pair(-dy, a.y - at.y), std::pair(dy, at.bottom() - a.y)}) {
        if (p == 0 && q <= slack) return false;
        if (p < 0) from = std::max(from, (q - slack) / p);
        if (p > 0) to = std::min(to, (q - slack) / p);
    }
    return from < to;
}

void add_cpus(const Group& g, std::vector<int>& all) {
    for (const Group& inner : g.groups) add_cpus(inner, all);
    for (const CoreSpot& core : g.cores)
        for (const CpuSpot& spot : core) all.push_back(spot.cpu);
}
std::vector<int> all_of(const CpuSet& set) {
    std::vector<int> all;
    for (int cpu = set.first(); cpu >= 0; cpu = set.next(cpu + 1)) all.push_back(cpu);
    return all;
}

TEST(board_draw, every_cpu_is_drawn_once) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        std::vector<int> laid, drawn;
        add_cpus(layout_of(b), laid);
        for (const Box& box : picture_of(b, uses).boxes)
            if (box.cpu >= 0) drawn.push_back(box.cpu);
        std::sort(laid.begin(), laid.end());
        std::sort(drawn.begin(), drawn.end());
        EXPECT_EQ(laid, all_of(b.machine.cpus));
        EXPECT_EQ(drawn, all_of(b.machine.cpus));
    });
}

TEST(board_draw, every_node_is_drawn_once_also_without_cpus) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        const Picture p = picture_of(b, uses);
        for (const Node& node : b.machine.nodes) {
            const std::string name = "node " + std::to_string(node.id);
            EXPECT_EQ(std::count_if(p.labels.begin(), p.labels.end(),
                                    [&](const Label& label) { return label.text == name; }),
                      1)
                << name;
        }
    });
}

TEST(board_draw, boxes_lie_inside_their_frames_and_beside_each_other) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        const Picture p = picture_of(b, uses);
        const Rect page{0, 0, p.w, p.h};
        std::map<int, std::vector<const Box*>> children;
        for (const Box& box : p.boxes) {
            const Rect& outer =
                box.parent < 0 ? page : p.boxes[static_cast<std::size_t>(box.parent)].at;
            ASSERT_TRUE(is_inside(box.at, outer)) << box.at.x << ' ' << box.at.y;
            for (const Box* other : children[box.parent])
                ASSERT_FALSE(overlap(box.at, other->at)) << box.at.x << ' ' << box.at.y;
            children[box.parent].push_back(&box);
        }
    });
}

TEST(board_draw, no_two_labels_overlap_and_none_leaves_its_box) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        const Picture p = picture_of(b, uses);
        const Rect page{0, 0, p.w, p.h};
        for (std::size_t i = 0; i < p.labels.size(); ++i) {
            const Label& label = p.labels[i];
            const Rect& outer =
                label.box < 0 ? page : p.boxes[static_cast<std::size_t>(label.box)].at;
            ASSERT_TRUE(is_inside(label.at, outer)) << label.text;
            for (std::size_t j = 0; j < i; ++j)
                ASSERT_FALSE(overlap(label.at, p.labels[j].at))
                    << label.text << " over " << p.labels[j].text;
            for (const Box& box : p.boxes) {
                if (label.box < 0 || box.parent != label.box) continue;
                ASSERT_FALSE(overlap(label.at, box.at)) << label.text;
            }
        }
    });
}

TEST(board_draw, no_way_crosses_a_text_or_a_cpu_or_leaves_the_page) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        const Picture p = picture_of(b, uses);
        const Rect page{0, 0, p.w, p.h};
        for (const Line& line : p.lines)
            for (std::size_t i = 1; i < line.points.size(); ++i) {
                const Point from = line.points[i - 1], to = line.points[i];
                ASSERT_TRUE(is_inside({from.x, from.y, 0, 0}, page));
                for (const Label& label : p.labels)
                    ASSERT_FALSE(crosses(from, to, label.at)) << label.text;
                for (const Box& box : p.boxes) {
                    if (box.cpu < 0) continue;
                    ASSERT_FALSE(crosses(from, to, box.at)) << box.cpu;
                }
            }
    });
}

TEST(board_draw, a_way_ends_at_the_cpu_of_every_worker_that_it_goes_to) {
    const auto made = generated("two", machine({.synthetic = "package:2 l3:1 core:4 pu:2"}));
    spread(*made);
    const Laned laned(made->board);
    const PlannedUse use = laned.use();
    const Picture p = machine_picture(made->board, {&use, 1}, 1000);
    CpuSet ends;
    for (const Line& line : p.lines)
        for (const Box& box : p.boxes)
            if (box.cpu >= 0 && std::abs(line.points.back().y - box.at.y) < slack &&
                box.at.x < line.points.back().x && line.points.back().x < box.at.right())
                ends.add(box.cpu);
    CpuSet wanted;
    for (const Stop& stop : way_of(use).stops)
        wanted.add(made->workers[static_cast<std::size_t>(stop.worker)].cpu);
    EXPECT_EQ(ends.text(), wanted.text());
}

TEST(board_draw, a_way_follows_the_rings_through_its_lanes) {
    const auto made = generated("lanes", machine({.synthetic = "node:3 core:2 pu:1"}));
    const Laned laned(made->board);
    const Way way = way_of(laned.use());
    ASSERT_EQ(way.stops.size(), 5U);
    EXPECT_TRUE(way.has_caller);
    EXPECT_EQ(way.columns, 3U);
    EXPECT_EQ(way.stops[3].role, "flows.2");
    EXPECT_EQ(way.stops[3].column, 2U);
    EXPECT_EQ(way.stops[4].rings, 3U);
    EXPECT_EQ(way.stops[4].ring_bytes, 3 * 4096U);
    std::string hops;
    for (const Hop& hop : way.hops)
        hops += (hop.from == from_caller ? "c" : std::to_string(hop.from)) +
                std::to_string(hop.to) + ' ';
    EXPECT_EQ(hops, "c0 01 02 03 14 24 34 ");
}

TEST(board_draw, efficiency_cpus_and_shared_ones_are_told_apart) {
    MachineFacts facts = machine({.synthetic = "node:1 core:4 pu:1"});
    facts.slow_cpus = platform::cpus("2-3");
    const auto made = generated("hybrid", facts);
    made->workers[0].wait = Wait::futex;
    made->workers[0].cpu = 0;  // housekeeping's
    const Picture p = picture_of(made->board, {});
    CpuSet slow;
    for (const Box& box : p.boxes)
        if (box.is_slow && box.cpu >= 0) slow.add(box.cpu);
    EXPECT_EQ(slow.text(), "2-3");
    EXPECT_NE(text_of(made->board, {}).find("2e Linux"), std::string::npos);
    EXPECT_NE(text_of(made->board, {}).find("○ work1+Linux"), std::string::npos);
}

// ---- Well-formed ----

// Elements that are closed in turn, quoted attributes, no bare & or <; what is wrong, or "".
std::string fault_in(std::string_view xml) {
    std::vector<std::string> open;
    for (std::size_t at = 0; at < xml.size();) {
        if (xml[at] == '&') {
            const std::string_view rest = xml.substr(at);
            bool is_known = false;
            for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;"})
                is_known = is_known || rest.starts_with(entity);
            if (!is_known) return "a bare &";
        }
        if (xml[at] != '<') {
            ++at;
            continue;
        }
        const std::size_t end = xml.find('>', at);
        if (end == std::string_view::npos) return "a tag without end";
        const std::string_view tag = xml.substr(at + 1, end - at - 1);
        if (tag.find('<') != std::string_view::npos) return "a bare <";
        at = end + 1;
        if (tag.starts_with('?')) continue;
        if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "a quote without end";
        const std::string name(tag.substr(0, tag.find(' ')));
        if (name.starts_with('/')) {
            if (open.empty() || open.back() != name.substr(1)) return "closes " + name;
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : open.back() + " is not closed";
}

TEST(board_draw, the_svg_is_well_formed_xml_and_needs_nothing_else) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        const std::string svg = svg_of(b, uses);
        EXPECT_EQ(fault_in(svg), "");
        EXPECT_EQ(svg.find("href"), std::string::npos);
        EXPECT_EQ(svg.find("<script"), std::string::npos);
        EXPECT_EQ(svg.find("nan"), std::string::npos);
        EXPECT_NE(svg.find("viewBox=\"0 0 "), std::string::npos);
        EXPECT_NE(svg.find("<desc "), std::string::npos);
    });
}

TEST(board_draw, faults_in_xml_are_found) {
    EXPECT_EQ(fault_in("<a><b/>&amp;</a>"), "");
    for (const char* xml :
         {"<a>", "<a><b></a></b>", "<a>&</a>", "<a b=\"></a>", "<a", "<a <b/></a>"})
        EXPECT_NE(fault_in(xml), "") << xml;
}

TEST(board_draw, names_are_escaped) {
    EXPECT_EQ(xml_text("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    EXPECT_EQ(xml_text("Größe 3 µs"), "Größe 3 µs");
    EXPECT_EQ(xml_text("\x01\x1b[1m"), "??[1m");
    EXPECT_EQ(xml_text("\xff\xc3z\xed\xa0\x80"), "??z???") << "no UTF-8, and half a pair";
    const auto made = generated("<&>", machine({.synthetic = "node:1 core:2 pu:1"}));
    made->workers[0].name = "\"<work>&";
    const std::string svg = svg_of(made->board, {});
    EXPECT_EQ(fault_in(svg), "");
    EXPECT_NE(svg.find("<title id=\"title\">Board &lt;&amp;&gt;</title>"), std::string::npos);
    EXPECT_NE(svg.find("&quot;&lt;work&gt;&amp;"), std::string::npos);
}

// ---- The terminal ----

// One character each, of the part with the frames.
std::vector<std::vector<std::string>> frames_of(const std::string& text) {
    std::vector<std::vector<std::string>> lines(1);
    const std::size_t begin = text.find("\n\n") + 2;
    const std::string part = text.substr(begin, text.find("\n\n", begin) - begin);
    for (std::string_view rest = part; !rest.empty();) {
        const std::string_view c = first_characters(rest, 1);
        rest.remove_prefix(c.size());
        if (c == "\n")
            lines.emplace_back();
        else
            lines.back().emplace_back(c);
    }
    return lines;
}
bool is_one_of(const std::string& c, std::initializer_list<std::string_view> all) {
    return std::find(all.begin(), all.end(), c) != all.end();
}

TEST(board_draw, every_frame_of_the_terminal_drawing_is_closed) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        const auto lines = frames_of(text_of(b, uses));
        const auto at = [&](std::size_t y, std::size_t x) {
            return y < lines.size() && x < lines[y].size() ? lines[y][x] : std::string(" ");
        };
        std::size_t corners = 0;
        for (std::size_t y = 0; y < lines.size(); ++y)
            for (std::size_t x = 0; x < lines[y].size(); ++x) {
                const bool left = is_one_of(lines[y][x], {"┏", "┌", "╭"});
                const bool right = is_one_of(lines[y][x], {"┓", "┐", "╮"});
                if (!left && !right) continue;
                ++corners;
                ASSERT_TRUE(is_one_of(at(y + 1, x), {"┃", "│", "╎"})) << y << ' ' << x;
                // Down along the edge to its other corner.
                std::size_t end = y + 1;
                while (at(end, x) == at(y + 1, x)) ++end;
                ASSERT_TRUE(left ? is_one_of(at(end, x), {"┗", "└", "╰"})
                                 : is_one_of(at(end, x), {"┛", "┘", "╯"}))
                    << y << ' ' << x << " ends with " << at(end, x);
            }
        EXPECT_GE(corners, 2 * b.machine.nodes.size());
        EXPECT_EQ(corners % 2, 0U);
    });
}

TEST(board_draw, the_terminal_drawing_keeps_to_its_columns) {
    each_board([](const Board& b, std::span<const PlannedUse> uses) {
        for (const std::size_t columns : {80u, 100u, 160u})
            for (const auto& line : frames_of(text_of(b, uses, {.columns = columns})))
                EXPECT_LE(line.size(), columns);
    });
}

TEST(board_draw, colours_change_nothing_but_the_colours) {
    const auto made = generated("colours", machine({.synthetic = "package:2 core:2 pu:2"}));
    std::string coloured = text_of(made->board, {}, {.colours = true});
    EXPECT_NE(coloured.find("\033["), std::string::npos);
    for (std::size_t at; (at = coloured.find('\033')) != std::string::npos;)
        coloured.erase(at, coloured.find('m', at) - at + 1);
    EXPECT_EQ(coloured, text_of(made->board, {}));
}

// ---- What is said ----

TEST(board_draw, the_steal_order_is_nearest_first_or_said_to_be_none) {
    MachineFacts facts = machine({.synthetic = "node:3 core:2 pu:1"});
    facts.distances = {10, 30, 20, 30, 10, 20, 20, 30, 10};
    const auto made = generated("far", facts);
    EXPECT_NE(text_of(made->board, {}).find("never from other nodes"), std::string::npos);
    EXPECT_NE(svg_of(made->board, {}).find("never from other nodes"), std::string::npos);
    made->board.pool.steal_far = true;
    const std::string text = text_of(made->board, {});
    EXPECT_NE(text.find("node 0 → 2 → 1\n  node 1 → 2 → 0\n  node 2 → 0 → 1\n"), std::string::npos)
        << text;
    EXPECT_EQ(svg_of(made->board, {}).find("never from other nodes"), std::string::npos);
}

TEST(board_draw, bytes_stand_against_the_budget_and_not_where_nothing_is_known) {
    const auto made = generated("bytes", machine({.synthetic = "node:2 core:2 pu:1"}));
    const std::uint64_t bytes[] = {std::uint64_t{128} << 20, 0};
    const PlannedUse use{.title = "half", .pieces = {}, .node_bytes = bytes};
    EXPECT_NE(text_of(made->board, {&use, 1}).find("uses 128.0 MiB of 512.0 MiB"),
              std::string::npos);
    EXPECT_EQ(text_of(made->board, {}).find("uses"), std::string::npos);
    const Picture p = picture_of(made->board, {&use, 1});
    const auto used = std::find_if(p.boxes.begin(), p.boxes.end(),
                                   [](const Box& box) { return box.ink == Ink::used; });
    ASSERT_NE(used, p.boxes.end());
    EXPECT_NEAR(used->at.w * 4, p.boxes[static_cast<std::size_t>(used->parent)].at.w, slack);
}

}  // namespace
}  // namespace stator::tools
