// tools/board/machine_picture.cpp - where the frames, cores and cpus of a board are drawn, and the
// ways over them.
//
// Above each row of a frame there is a gutter, and along its left edge a lane. A way runs from the
// upper edge of a cpu through gutters and lanes to the upper edge of another, so it crosses no
// text.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "board/picture.hpp"

namespace stator::tools {
namespace {

constexpr std::size_t names_max = 3;   // on a cpu; more are counted
constexpr std::size_t tracks_max = 8;  // of ways beside each other in a gutter
constexpr double track = 3.2;          // from one to the next

constexpr double house_h = 6;  // the strip of Linux on a worker's cpu

// Sizes by how many cpus there are.
struct Scale {
    double cpu_w = 46, cpu_w_max = 80, number = 8, name = 8, detail = 0, pad = 5, gap = 4;
    double head = 11;
};
Scale scale_for(int cpus) {
    if (cpus <= 8)
        return {.cpu_w = 150,
                .cpu_w_max = 480,
                .number = 12,
                .name = 15,
                .detail = 10.5,
                .pad = 10,
                .gap = 10,
                .head = 14};
    if (cpus <= 20)
        return {.cpu_w = 104,
                .cpu_w_max = 160,
                .number = 10,
                .name = 12,
                .detail = 9,
                .pad = 8,
                .gap = 8,
                .head = 13};
    if (cpus <= 64)
        return {.cpu_w = 62,
                .cpu_w_max = 110,
                .number = 9,
                .name = 10,
                .detail = 0,
                .pad = 6,
                .gap = 6,
                .head = 12};
    return {};
}

// Children in one row: of the machine, of a package, of a node; cpus in one of a cache.
struct Columns {
    std::size_t machine = 1, package = 1, node = 1, cpus = 1;
};

struct Size {
    double w = 0, h = 0;
};

class Placer {
public:
    Placer(const Board& b, std::span<const PlannedUse> uses)
        : b_(b), uses_(uses), all_(layout_of(b)), scale_(scale_for(b.machine.cpus.count())) {
        find_ways();
        find_paths(all_, {});
        std::size_t names = 1;
        each_core(all_, [&](const CoreSpot& core) {
            for (const CpuSpot& spot : core) {
                names = std::max(names, names_on(b_, spot).size());
                is_shared_ = is_shared_ || (!spot.workers.empty() && spot.keeps_house);
            }
        });
        names_ = std::min(names, names_max + 1);
    }

    Picture run(double w) {
        choose_columns(w);
        // Cpus grow until the picture is as wide as it may be.
        double low = scale_.cpu_w, high = scale_.cpu_w_max;
        for (int i = 0; i < 20; ++i) {
            scale_.cpu_w = (low + high) / 2;
            (size_of(all_).w > w ? high : low) = scale_.cpu_w;
        }
        scale_.cpu_w = low;
        const Size size = size_of(all_);
        picture_.w = std::max(w, size.w);
        picture_.h = size.h;
        place(all_, {0, 0, picture_.w, size.h}, -1, -1, 0, 0);
        draw_ways();
        return std::move(picture_);
    }

private:
    using Row = std::pair<std::size_t, std::size_t>;  // first and behind last

    // ---- Which ways need a line ----

    struct Leg {
        int from = -1, to = -1;  // cpus
        std::size_t track = 0;
        bool is_caller = false;
    };
    void find_ways() {
        std::map<std::pair<std::size_t, std::size_t>, std::size_t> tracks;
        for (std::size_t u = 0; u < uses_.size(); ++u) {
            const Way way = way_of(uses_[u]);
            for (const Hop& hop : way.hops) {
                const bool is_caller = hop.from == from_caller;
                const int from =
                    is_caller ? b_.housekeeping.first() : cpu_of(way.stops[hop.from].worker);
                const int to = cpu_of(way.stops[hop.to].worker);
                if (from == to) continue;
                const auto link = std::pair(u, way.stops[hop.to].column);
                const std::size_t n = tracks.try_emplace(link, tracks.size()).first->second;
                legs_.push_back({from, to, n % tracks_max, is_caller});
            }
        }
        tracks_ = std::min(tracks.size(), tracks_max);
    }
    [[nodiscard]] int cpu_of(int worker) const {
        return b_.workers[static_cast<std::size_t>(worker)].cpu;
    }

    // ---- Which gutters and lanes the ways need ----

    // The frames around a cpu, each with the position of the child in it.
    using Path = std::vector<std::pair<const Group*, std::size_t>>;
    void find_paths(const Group& g, Path path) {
        path.emplace_back(&g, 0);
        for (std::size_t& i = path.back().second; i < g.groups.size(); ++i)
            find_paths(g.groups[i], path);
        path.back().second = 0;
        for (std::size_t& i = path.back().second; i < g.cores.size(); ++i)
            for (const CpuSpot& spot : g.cores[i]) paths_[spot.cpu] = path;
    }
    // Lanes: frames of one kind are drawn alike, so what one needs all have.
    static std::size_t kind_of(const Group& g) {
        return static_cast<std::size_t>(g.frame) * 2 + (g.cores.empty() ? 0 : 1);
    }
    static constexpr std::size_t kinds = 2 * (static_cast<std::size_t>(Frame::plain) + 1);
    struct Needs {
        std::set<std::uint64_t> gutters;  // above these rows
        std::array<bool, kinds> lanes{};
    };
    // A row in a frame that stands in row `outer`: rows at one height have the same number, so that
    // frames beside each other stay in line.
    static std::uint64_t inside(std::uint64_t outer, std::size_t row) {
        return outer * 131 + row + 1;
    }
    void find_needs() {
        needs_ = {};
        for (const Leg& leg : legs_) {
            const auto from = paths_.find(leg.from), to = paths_.find(leg.to);
            if (from == paths_.end() || to == paths_.end()) continue;
            std::size_t meeting = 0;
            while (meeting + 1 < std::min(from->second.size(), to->second.size()) &&
                   from->second[meeting + 1].first == to->second[meeting + 1].first)
                ++meeting;
            std::array<std::size_t, 2> rows{};
            std::size_t end = 0;
            for (const Path* path : {&from->second, &to->second}) {
                std::uint64_t at = 0;
                for (std::size_t i = 0; i < path->size(); ++i) {
                    const auto& [group, child] = (*path)[i];
                    const std::size_t row = row_of(*group, child);
                    at = inside(at, row);
                    if (i >= meeting) needs_.gutters.insert(at);
                    if (i > meeting) needs_.lanes.at(kind_of(*group)) = true;
                    if (i == meeting) rows.at(end) = row;
                }
                ++end;
            }
            if (rows[0] != rows[1]) needs_.lanes.at(kind_of(*from->second[meeting].first)) = true;
        }
    }
    [[nodiscard]] std::size_t row_of(const Group& g, std::size_t child) const {
        const std::vector<Row> rows = rows_of(g);
        std::size_t row = 0;
        while (rows[row].second <= child) ++row;
        return row;
    }

    template <typename F>
    static void each_core(const Group& group, F&& f) {
        for (const CoreSpot& core : group.cores) f(core);
        for (const Group& inner : group.groups) each_core(inner, f);
    }

    // ---- Sizes ----

    [[nodiscard]] double channel() const { return static_cast<double>(tracks_) * track + 3; }
    [[nodiscard]] double gap(const Group& g) const {
        return g.cores.empty() ? scale_.gap + 4 : scale_.gap;
    }
    [[nodiscard]] double gutter(const Group& g, std::uint64_t row) const {
        return needs_.gutters.count(row) > 0 ? std::max(gap(g), channel() + 5) : gap(g);
    }
    // The machine's own lies in the margin.
    [[nodiscard]] double lane(const Group& g) const {
        return needs_.lanes.at(kind_of(g)) && g.frame != Frame::all ? channel() : 0;
    }
    [[nodiscard]] double cpu_h() const {
        double h = 4 + scale_.number * line_height + 3 + (is_shared_ ? house_h + 2 : 0);
        h += static_cast<double>(names_) * scale_.name * line_height;
        if (scale_.detail > 0) h += 3 * scale_.detail * line_height + 4;
        return h;
    }
    [[nodiscard]] static bool is_drawn(const Group& g) {
        return g.frame != Frame::plain && g.frame != Frame::all;
    }
    [[nodiscard]] double pad(const Group& g) const { return is_drawn(g) ? scale_.pad : 0; }
    [[nodiscard]] double head(const Group& g) const {
        switch (g.frame) {
            case Frame::node:
                return scale_.pad + scale_.head * line_height + 3 + (is_apart(g) ? 0 : 5 + 3) +
                       small() * line_height;
            case Frame::package:
                return scale_.pad + scale_.head * line_height;
            case Frame::cache:
                return small() * line_height + 1;
            default:
                return 0;
        }
    }
    [[nodiscard]] double small() const { return std::max(7.5, scale_.number * 0.85); }
    [[nodiscard]] static bool is_apart(const Group& g) {
        return g.frame == Frame::node && g.groups.empty();
    }
    [[nodiscard]] std::vector<Row> rows_of(const Group& g) const {
        std::vector<Row> rows;
        const std::size_t n = g.cores.empty() ? g.groups.size() : g.cores.size();
        std::size_t in_row = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t wide = g.cores.empty() ? 1 : g.cores[i].size();
            const bool breaks =
                g.cores.empty() && i > 0 && is_apart(g.groups[i]) && !is_apart(g.groups[i - 1]);
            if (rows.empty() || breaks || in_row + wide > columns_in(g)) {
                rows.emplace_back(i, i);
                in_row = 0;
            }
            rows.back().second = i + 1;
            in_row += wide;
        }
        return rows;
    }
    [[nodiscard]] std::size_t columns_in(const Group& g) const {
        if (!g.cores.empty()) return columns_.cpus;
        if (g.frame == Frame::all) return columns_.machine;
        if (g.frame == Frame::node) return columns_.node;
        return columns_.package;
    }
    [[nodiscard]] Size size_of_child(const Group& g, std::size_t i, std::uint64_t row) const {
        if (g.cores.empty()) return size_of(g.groups[i], row);
        return {static_cast<double>(g.cores[i].size()) * scale_.cpu_w, cpu_h()};
    }
    // The children of a row, and how high the row is. Frames in one column are equally wide.
    [[nodiscard]] std::vector<std::vector<Size>> sizes_in(const Group& g,
                                                          std::uint64_t outer) const {
        std::vector<std::vector<Size>> all;
        std::vector<double> widths;
        for (const Row& row : rows_of(g)) {
            std::vector<Size>& sizes = all.emplace_back();
            for (std::size_t i = row.first; i < row.second; ++i) {
                sizes.push_back(size_of_child(g, i, inside(outer, all.size() - 1)));
                if (!g.cores.empty() || is_apart(g.groups[i])) continue;
                widths.resize(std::max(widths.size(), sizes.size()), 0);
                widths[sizes.size() - 1] = std::max(widths[sizes.size() - 1], sizes.back().w);
            }
        }
        for (std::vector<Size>& sizes : all)
            for (std::size_t i = 0; i < std::min(widths.size(), sizes.size()); ++i)
                sizes[i].w = std::max(sizes[i].w, widths[i]);
        return all;
    }
    [[nodiscard]] Size size_of_row(const Group& g, const std::vector<Size>& children) const {
        Size size{.w = -gap(g), .h = 0};
        for (const Size& child : children) {
            size.w += child.w + gap(g);
            size.h = std::max(size.h, child.h);
        }
        return size;
    }
    [[nodiscard]] Size size_of(const Group& g, std::uint64_t outer = 0) const {
        Size size;
        std::size_t row = 0;
        for (const std::vector<Size>& children : sizes_in(g, outer)) {
            const Size inner = size_of_row(g, children);
            size.w = std::max(size.w, inner.w);
            size.h += inner.h + gutter(g, inside(outer, row++));
        }
        size.w = std::max(size.w + lane(g), words_width(g)) + 2 * pad(g);
        size.h += head(g) + (is_drawn(g) ? scale_.pad : 0);
        return size;
    }
    [[nodiscard]] double words_width(const Group& g) const {
        if (g.frame != Frame::node) return 0;
        const double first = text_width(node_name(g), scale_.head, true) + 14 +
                             text_width(node_memory(g), small() + 1);
        return lane(g) + std::max(first, text_width(budget_text(b_, uses_, g.number), small()));
    }

    // The rows that make the picture as near to a sheet of paper as can be.
    void choose_columns(double w) {
        double best = -1;
        Columns found;
        for (const std::size_t machine : {1u, 2u, 3u, 4u, 8u})
            for (const std::size_t package : {1u, 2u, 4u, 8u})
                for (const std::size_t node : {1u, 2u, 4u, 8u})
                    for (const std::size_t cpus : {1u, 2u, 3u, 4u, 6u, 8u, 12u, 16u, 24u, 32u}) {
                        columns_ = {machine, package, node, cpus};
                        find_needs();
                        const double cost_here = cost_of(w);
                        if (best >= 0 && cost_here >= best - 1e-9) continue;
                        best = cost_here;
                        found = columns_;
                    }
        columns_ = found;
        find_needs();
    }
    // 0 for a picture that fills the width, is as high as half of it, and has no half empty rows.
    [[nodiscard]] double cost_of(double w) {
        const double least = scale_.cpu_w;
        const Size small_size = size_of(all_);
        scale_.cpu_w = scale_.cpu_w_max;
        const double widest = size_of(all_).w;
        scale_.cpu_w = least;
        double cost = std::abs(std::log(std::max(small_size.w, w) / small_size.h / 2.1));
        if (small_size.w > w) cost += 2 * (small_size.w / w - 1) + 0.5;
        if (widest < w) cost += std::log(w / widest);
        return cost + 0.3 * raggedness(all_);
    }
    // How much of the last rows is empty.
    [[nodiscard]] double raggedness(const Group& g) const {
        double sum = 0;
        std::vector<Row> rows = rows_of(g);
        while (!rows.empty() && g.cores.empty() && is_apart(g.groups[rows.back().first]))
            rows.pop_back();
        if (rows.size() > 1) {
            const auto length = [](const Row& row) {
                return static_cast<double>(row.second - row.first);
            };
            sum = 1 - length(rows.back()) / length(rows.front());
        }
        for (const Group& inner : g.groups) sum = std::max(sum, raggedness(inner));
        return sum;
    }

    // ---- Places ----

    struct Channel {
        int parent = -1;
        double lane_x = 0;    // of its own lane
        double gutter_y = 0;  // above it, in its parent
    };
    struct Seat {
        int channel = -1;
        double gutter_y = 0;  // above its row
        Rect at;
    };

    void place(const Group& g, const Rect& at, int parent_box, int parent_channel, double gutter_y,
               std::uint64_t outer) {
        int box = parent_box;
        if (is_drawn(g)) {
            box = picture_.add({.at = at, .ink = ink_of(g), .parent = parent_box});
            write_head(g, at, box);
        }
        const int channel_at = static_cast<int>(channels_.size());
        channels_.push_back(
            {parent_channel, g.frame == Frame::all ? -channel() : at.x + pad(g), gutter_y});
        double y = at.y + head(g);
        const double left = at.x + pad(g) + lane(g);
        const double room = at.right() - pad(g) - left;
        const std::vector<std::vector<Size>> sizes = sizes_in(g, outer);
        std::size_t i = 0, row = 0;
        for (const std::vector<Size>& children : sizes) {
            const Size size = size_of_row(g, children);
            const std::uint64_t inner = inside(outer, row++);
            const double above = gutter(g, inner);
            // A row with fewer children keeps their widths, so that columns stay columns.
            const std::size_t full = std::max(sizes.front().size(), children.size());
            const double spare =
                (room - size_of_row(g, sizes.front()).w) / static_cast<double>(full);
            double x = left;
            for (const Size& child : children) {
                const double grown = child.w + (g.cores.empty() ? spare : 0);
                if (g.cores.empty())
                    place(g.groups[i], {x, y + above, grown, size.h}, box, channel_at, y, inner);
                else
                    place_core(g.cores[i], {x, y + above, child.w, child.h}, box, channel_at, y);
                ++i;
                x += grown + gap(g);
            }
            y += above + size.h;
        }
    }
    void place_core(const CoreSpot& core, const Rect& at, int parent, int channel_at, double y) {
        const int box = picture_.add({.at = at, .ink = Ink::core, .parent = parent});
        double x = at.x;
        for (const CpuSpot& spot : core) {
            const Rect cpu{x, at.y, scale_.cpu_w, at.h};
            seats_[spot.cpu] = {channel_at, y, cpu};
            place_cpu(spot, cpu, box);
            x += scale_.cpu_w;
        }
    }

    [[nodiscard]] static Ink ink_of(const Group& g) {
        if (g.frame == Frame::package) return Ink::package;
        if (g.frame == Frame::cache) return Ink::cache;
        return is_apart(g) ? Ink::bare_node : Ink::node;
    }
    static Ink ink_of(const CpuSpot& spot) {
        if (!spot.workers.empty()) return spot.runs_stage ? Ink::stage_cpu : Ink::task_cpu;
        return spot.keeps_house ? Ink::house_cpu : Ink::unused_cpu;
    }
    [[nodiscard]] const Node* node_of(const Group& g) const {
        return g.number < 0 ? nullptr : &b_.machine.nodes[static_cast<std::size_t>(g.number)];
    }
    [[nodiscard]] std::string node_name(const Group& g) const {
        const Node* node = node_of(g);
        return node == nullptr ? "no node" : "node " + std::to_string(node->id);
    }
    [[nodiscard]] std::string node_memory(const Group& g) const {
        const Node* node = node_of(g);
        if (node == nullptr) return "";
        if (node->memory_bytes == 0) return is_apart(g) ? "empty" : "no memory";
        return memory_text(node->memory_bytes) + (is_apart(g) ? ", memory only" : "");
    }

    void write_head(const Group& g, const Rect& at, int box) {
        const double left = at.x + pad(g) + lane(g), right = at.right() - pad(g);
        double y = at.y + scale_.pad;
        if (g.frame == Frame::cache) {
            y = at.y + 2;
            picture_.write_left_of({right, y}, "last-level cache", small(), right - left, box,
                                   Tone::soft);
            return;
        }
        const std::string name =
            g.frame == Frame::package ? "package " + std::to_string(g.number) : node_name(g);
        const CpuSet cpus = cpus_of(g);
        double x = left + picture_.write({left, y}, name, scale_.head, right - left, box,
                                         Tone::dark, true);
        const double base = y + (scale_.head - small() - 1) * 0.95;
        double end = right;
        if (g.frame == Frame::node)
            end -= picture_.write_left_of({right, base}, node_memory(g), small() + 1, right - x,
                                          box, Tone::dark);
        x += 8;
        if (const std::string text = cpus.word();
            !cpus.empty() && text_width(text, small() + 1) < end - x - 8)
            picture_.write({x, base}, text, small() + 1, end - x, box, Tone::soft);
        if (g.frame != Frame::node) return;
        y += scale_.head * line_height + 3;
        draw_budget(g, {left, y, right - left, 5}, box);
        if (!is_apart(g)) y += 5 + 3;
        picture_.write({left, y}, budget_text(b_, uses_, g.number), small(), right - left, box,
                       Tone::soft);
    }
    void draw_budget(const Group& g, const Rect& at, int box) {
        const std::uint64_t used = bytes_on(uses_, g.number);
        if (uses_.empty() || !has_worker(b_, g.number)) return;
        const int bar = picture_.add({.at = at, .ink = Ink::bar, .parent = box});
        const double share = std::min(
            1.0, static_cast<double>(used) / static_cast<double>(b_.memory.budget_per_node_bytes));
        if (used > 0)
            picture_.add({.at = {at.x, at.y, at.w * share, at.h}, .ink = Ink::used, .parent = bar});
    }
    [[nodiscard]] static CpuSet cpus_of(const Group& g) {
        CpuSet set;
        each_core(g, [&](const CoreSpot& core) {
            for (const CpuSpot& spot : core) set.add(spot.cpu);
        });
        return set;
    }

    void place_cpu(const CpuSpot& spot, const Rect& at, int parent) {
        const std::vector<std::string> names = names_on(b_, spot);
        const bool is_dark = ink_of(spot) == Ink::stage_cpu;
        const Tone tone = is_dark ? Tone::light : names.empty() ? Tone::soft : Tone::dark;
        std::string about = "cpu " + std::to_string(spot.cpu) + (spot.is_slow ? ", slow" : "");
        for (const std::string& name : names) about += ": " + name;
        const int box = picture_.add({.at = at,
                                      .ink = ink_of(spot),
                                      .parent = parent,
                                      .cpu = spot.cpu,
                                      .is_slow = spot.is_slow,
                                      .about = about});
        const double inset = scale_.name * 0.5;
        const double left = at.x + inset, room = at.w - 2 * inset;
        double y = at.y + 4;
        const double number =
            picture_.write({left, y}, std::to_string(spot.cpu), scale_.number, room, box, tone);
        if (spot.is_slow)
            picture_.write_left_of({left + room, y}, "E", scale_.number, room - number, box, tone);
        y += scale_.number * line_height + 1;
        for (std::size_t i = 0; i < std::min(names.size(), names_max); ++i) {
            write_name(spot, i, names[i], {left, y}, room, box, tone);
            y += scale_.name * line_height;
        }
        if (names.size() > names_max)
            picture_.write({left, y}, "+" + std::to_string(names.size() - names_max), scale_.number,
                           room, box, tone);
        else if (scale_.detail > 0 && spot.workers.size() == 1)
            write_detail(spot, {left, y + 2}, room, box, tone);
        if (!spot.workers.empty() && spot.keeps_house)
            picture_.add({.at = {at.x, at.bottom() - house_h, at.w, house_h},
                          .ink = Ink::house_cpu,
                          .parent = box});
    }
    void write_name(const CpuSpot& spot, std::size_t i, const std::string& name, Point at,
                    double room, int box, Tone tone) {
        double shift = 0;
        if (i < spot.workers.size()) {
            const double r = scale_.name * 0.33;
            shift = 2 * r + scale_.name * 0.35;
            picture_.signs.push_back(
                {.at = {at.x + r, at.y + scale_.name * 0.62},
                 .radius = r,
                 .wait = b_.workers[static_cast<std::size_t>(spot.workers[i])].wait,
                 .on_dark = tone == Tone::light});
        }
        picture_.write({at.x + shift, at.y}, name, scale_.name, room - shift, box, tone,
                       i < spot.workers.size());
    }
    void write_detail(const CpuSpot& spot, Point at, double room, int box, Tone tone) {
        const Worker& w = b_.workers[static_cast<std::size_t>(spot.workers[0])];
        for (const std::string& text :
             {stages_text(b_, w), std::string(w.tasks ? "takes tasks" : ""),
              std::string(short_wait_text(w.wait))}) {
            if (text.empty()) continue;
            picture_.write(at, text, scale_.detail, room, box, tone);
            at.y += scale_.detail * line_height;
        }
    }

    // ---- Ways ----

    void draw_ways() {
        for (const Leg& leg : legs_) {
            const auto from = seats_.find(leg.from), to = seats_.find(leg.to);
            if (from == seats_.end() || to == seats_.end()) continue;
            const double offset = 3 + static_cast<double>(leg.track) * track;
            std::vector<Point> there = climb(from->second, offset, leg.track);
            std::vector<Point> back = climb(to->second, offset, leg.track);
            std::vector<int> ups = ancestors(from->second), downs = ancestors(to->second);
            // What both have in common at the upper end is not walked.
            std::size_t common = 0;
            while (common < ups.size() && common < downs.size() &&
                   ups[ups.size() - 1 - common] == downs[downs.size() - 1 - common])
                ++common;
            there.resize(2 + 2 * (ups.size() - common));
            back.resize(2 + 2 * (downs.size() - common));
            const Channel& meeting = channels_[static_cast<std::size_t>(ups[ups.size() - common])];
            if (there.back().y != back.back().y) {
                there.push_back({meeting.lane_x + offset, there.back().y});
                there.push_back({meeting.lane_x + offset, back.back().y});
            }
            there.insert(there.end(), back.rbegin(), back.rend());
            picture_.lines.push_back({.points = std::move(there),
                                      .stroke = leg.is_caller ? Stroke::entry : Stroke::route});
        }
    }
    [[nodiscard]] std::vector<int> ancestors(const Seat& seat) const {
        std::vector<int> all;
        for (int c = seat.channel; c >= 0; c = channels_[static_cast<std::size_t>(c)].parent)
            all.push_back(c);
        return all;
    }
    // From the upper edge of a cpu through every gutter and lane to the machine's: two points for
    // the cpu, and two for each frame.
    [[nodiscard]] std::vector<Point> climb(const Seat& seat, double offset, std::size_t n) const {
        const double step = std::min(
            7.0, (seat.at.w - 12) / static_cast<double>(std::max<std::size_t>(1, tracks_)));
        const double x = seat.at.right() - 6 - step * static_cast<double>(n);
        std::vector<Point> points{{x, seat.at.y}, {x, seat.gutter_y + offset}};
        for (const int c : ancestors(seat)) {
            const Channel& channel_at = channels_[static_cast<std::size_t>(c)];
            points.push_back({channel_at.lane_x + offset, points.back().y});
            points.push_back({channel_at.lane_x + offset, channel_at.gutter_y + offset});
        }
        return points;
    }

    const Board& b_;
    std::span<const PlannedUse> uses_;
    Group all_;
    Scale scale_;
    Columns columns_;
    std::size_t names_ = 1, tracks_ = 0;
    bool is_shared_ = false;  // a cpu by a worker and Linux
    std::vector<Leg> legs_;
    std::vector<Channel> channels_;
    std::map<int, Path> paths_;  // of each cpu
    Needs needs_;
    std::map<int, Seat> seats_;
    Picture picture_;
};

}  // namespace

Picture machine_picture(const Board& b, std::span<const PlannedUse> uses, double w) {
    return Placer(b, uses).run(w);
}

}  // namespace stator::tools
