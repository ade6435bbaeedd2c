// tools/board/page_picture.cpp - the whole page: a title, the machine, the ways, who works where,
// how far it is from node to node, and what the signs mean.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <stator/core/node_order.hpp>

#include "board/picture.hpp"
#include "memory_table.hpp"

namespace stator::tools {
namespace {

constexpr double margin = 44, section_gap = 34, text_size = 11;
constexpr double part_gap = 44;
constexpr double line = text_size * 1.6;

double heading(Picture& p, std::string_view text) {
    p.write({0, 0}, text, 14, 1e6, -1, Tone::dark, true);
    return 26;
}

void grow(Picture& p) {
    for (const Box& box : p.boxes) {
        p.w = std::max(p.w, box.at.right());
        p.h = std::max(p.h, box.at.bottom());
    }
    for (const Label& label : p.labels) {
        p.w = std::max(p.w, label.at.right());
        p.h = std::max(p.h, label.at.bottom());
    }
}

// ---- The way of an item, stage by stage ----

class WayPicture {
public:
    WayPicture(const Board& b, const PlannedUse& use)
        : b_(b), way_(way_of(use)), lanes_(way_.columns + 1, 0) {
        for (const Stop& stop : way_.stops) ++lanes_[stop.column];
    }

    // As wide as `w`, or wider where that is too little.
    Picture run(double w) {
        top_ = heading(p_, way_.title);
        most_ = 0;
        for (std::size_t column = 1; column < lanes_.size(); ++column)
            most_ = std::max(most_, column_h(column));
        spread(w);
        const Rect caller{0, top_ + (most_ - box_h) / 2, caller_w, box_h};
        if (way_.has_caller) draw_caller(caller);
        std::vector<std::size_t> drawn(lanes_.size(), 0);
        std::vector<Rect> places;
        for (const Stop& stop : way_.stops) {
            const double h = height(stop.column);
            const double y = top_ + (most_ - column_h(stop.column)) / 2 +
                             static_cast<double>(drawn[stop.column]++) * (h + row_gap);
            places.push_back({lefts_[stop.column], y, width(stop.column), h});
            draw_stop(stop, places.back());
        }
        for (const Hop& hop : way_.hops)
            draw_hop(hop, hop.from == from_caller ? caller : places[hop.from], places[hop.to]);
        grow(p_);
        return std::move(p_);
    }

private:
    static constexpr double box_w = 148, box_h = 58, flat_w = 240, flat_h = 25, row_gap = 7;
    static constexpr double caller_w = 112, gap_min = 46, gap_max = 110;

    // Many lanes beside each other get a line each.
    [[nodiscard]] bool is_flat(std::size_t column) const { return lanes_[column] > 2; }
    [[nodiscard]] double width(std::size_t column) const {
        return is_flat(column) ? flat_w : box_w;
    }
    [[nodiscard]] double height(std::size_t column) const {
        return is_flat(column) ? flat_h : box_h;
    }
    [[nodiscard]] double column_h(std::size_t column) const {
        return static_cast<double>(lanes_[column]) * (height(column) + row_gap) - row_gap;
    }
    void spread(double w) {
        double boxes = way_.has_caller ? caller_w : 0;
        for (std::size_t column = 1; column < lanes_.size(); ++column) boxes += width(column);
        const auto gaps = static_cast<double>(way_.columns - (way_.has_caller ? 0 : 1));
        const double gap = std::clamp((w - boxes) / std::max(1.0, gaps), gap_min, gap_max);
        double x = way_.has_caller ? caller_w + gap : 0;
        lefts_.assign(lanes_.size(), 0);
        for (std::size_t column = 1; column < lanes_.size(); ++column) {
            lefts_[column] = x;
            x += width(column) + gap;
        }
    }

    void draw_caller(const Rect& at) {
        const int box = p_.add({.at = at, .ink = Ink::caller});
        p_.write({at.x + 10, at.y + 11}, "the caller", 12, at.w - 20, box, Tone::dark, true);
        p_.write({at.x + 10, at.y + 30}, "on " + b_.housekeeping.word(), 9.5, at.w - 20, box);
    }
    void draw_stop(const Stop& stop, const Rect& at) {
        const Worker& w = b_.workers[static_cast<std::size_t>(stop.worker)];
        const int box = p_.add({.at = at, .ink = Ink::stop});
        const double x = at.x + 10, room = at.w - 20;
        const std::string who =
            fmt::format("{}, cpu {}, node {}", w.name, w.cpu, b_.node_id_of_worker(stop.worker));
        if (is_flat(stop.column)) {
            const double name = p_.write({x, at.y + 5}, stop.role, 11, 70, box, Tone::dark, true);
            const double bytes = p_.write_left_of(
                {x + room, at.y + 6.5}, bytes_text(stop.ring_bytes), 9.5, room, box, Tone::soft);
            const double left = std::max(name + 8, 54.0);
            p_.write({x + left, at.y + 6.5}, who, 9.5, room - left - bytes - 6, box);
            return;
        }
        p_.write({x, at.y + 6}, stop.role, 12, room, box, Tone::dark, true);
        p_.write({x, at.y + 23}, who, 9.5, room, box);
        p_.write({x, at.y + 38},
                 stop.rings == 0 ? "reads no ring"
                                 : fmt::format("reads {}, {}", count_text(stop.rings, "ring"),
                                               bytes_text(stop.ring_bytes)),
                 9.5, room, box, Tone::soft);
    }
    void draw_hop(const Hop& hop, const Rect& from, const Rect& to) {
        const bool stays =
            hop.from != from_caller && way_.stops[hop.from].worker == way_.stops[hop.to].worker;
        p_.lines.push_back(
            {.points = {{from.right() + 4, from.y + from.h / 2}, {to.x - 3, to.y + to.h / 2}},
             .stroke = hop.from == from_caller ? Stroke::entry
                       : stays                 ? Stroke::same_worker
                                               : Stroke::route});
    }

    const Board& b_;
    Way way_;
    std::vector<std::size_t> lanes_;  // of each column, which are counted from 1
    std::vector<double> lefts_;
    double top_ = 0, most_ = 0;
    Picture p_;
};

// ---- Tables ----

Picture workers_picture(const Board& b) {
    Picture p;
    const double top = heading(p, "Workers");
    std::vector<std::array<std::string, 5>> rows{{"name", "cpu", "waits", "class", "runs"}};
    for (const WorkerRow& row : worker_rows_of(b))
        rows.push_back({row.names, row.cpus, row.waits, row.scheduling, row.roles});
    double x = 0;
    for (std::size_t column = 0; column < rows.front().size(); ++column) {
        double widest = 0, y = top;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const double w = p.write({x, y}, rows[i][column], text_size, 330, -1,
                                     i == 0 ? Tone::soft : Tone::dark, i > 0 && column == 0);
            widest = std::max(widest, w);
            y += line;
        }
        x += widest + 16;
    }
    grow(p);
    return p;
}

// The nearest of the other nodes are light, the farthest dark.
Ink ink_of_distance(const Machine& m, std::size_t from, std::size_t to) {
    if (from == to) return Ink::bar;
    if (m.distances.empty()) return Ink::cell;
    const std::size_t n = m.nodes.size();
    int near = m.distances[from * n + to], far = near;
    for (std::size_t i = 0; i < n * n; ++i) {
        if (i / n == i % n) continue;
        near = std::min(near, m.distances[i]);
        far = std::max(far, m.distances[i]);
    }
    const int above = (m.distances[from * n + to] - near) * 3;
    return above <= far - near         ? Ink::cell
           : above <= 2 * (far - near) ? Ink::cell_far
                                       : Ink::cell_farther;
}

Picture distances_picture(const Board& b) {
    Picture p;
    const Machine& m = b.machine;
    const double top = heading(p, "Distances from node to node");
    if (m.distances.empty()) {
        p.write({0, top}, "This machine does not tell them.", text_size, 400, -1, Tone::soft);
        grow(p);
        return p;
    }
    const std::size_t n = m.nodes.size();
    const double cell = n <= 8 ? 34 : n <= 16 ? 26 : 20, size = n <= 8 ? 11 : 8;
    const auto centred = [&](double x, double y, const std::string& text, Tone tone, int box) {
        p.write({x + cell / 2, y + (cell * 0.8 - size * line_height) / 2}, text, size, cell, box,
                tone, false, Side::middle);
    };
    for (std::size_t i = 0; i < n; ++i) {
        const double y = top + cell * 0.8 * static_cast<double>(i + 1);
        const std::string id = std::to_string(m.nodes[i].id);
        centred(0, y, id, Tone::soft, -1);
        centred(cell * static_cast<double>(i + 1), top, id, Tone::soft, -1);
        for (std::size_t j = 0; j < n; ++j) {
            const int distance = m.distances[i * n + j];
            const double x = cell * static_cast<double>(j + 1);
            const Ink ink = ink_of_distance(m, i, j);
            const int box = p.add({.at = {x, y, cell - 2, cell * 0.8 - 2}, .ink = ink});
            centred(x - 1, y - 1, std::to_string(distance),
                    ink == Ink::cell_farther ? Tone::light : Tone::dark, box);
        }
    }
    grow(p);
    return p;
}

// A row for each node: itself, then those that its workers steal from.
Picture steal_picture(const Board& b) {
    Picture p;
    const NodeOrder nodes = nearest_task_nodes(b, -1);
    const double top = heading(p, "Who takes tasks from whom");
    if (!steals_far(b)) {
        const std::string text = nodes.count == 0   ? "No worker takes tasks."
                                 : nodes.count == 1 ? "Workers steal from each other on one node."
                                                    : "Workers steal on their own node,";
        p.write({0, top}, text, text_size, 400);
        if (nodes.count > 1) p.write({0, top + line}, "never from other nodes.", text_size, 400);
        grow(p);
        return p;
    }
    const bool has_arrows = nodes.count <= 16;
    double y = top, x = 0;
    const auto add = [&](int node, Ink ink) {
        const auto at = static_cast<std::size_t>(node);
        if (x > 0 && has_arrows)
            p.lines.push_back(
                {.points = {{x - 15, y + 10}, {x - 2, y + 10}}, .stroke = Stroke::same_worker});
        const int box = p.add({.at = {x, y, 26, 20}, .ink = ink});
        p.write({x + 13, y + 3}, std::to_string(b.machine.nodes[at].id), text_size, 26, box,
                ink == Ink::cell_farther ? Tone::light : Tone::dark, false, Side::middle);
        x += 26 + (has_arrows ? 18 : 2);
    };
    for (const int home : nodes) {
        add(home, Ink::stop);
        for (const int node : steal_order(b, home))
            add(node, ink_of_distance(b.machine, static_cast<std::size_t>(home),
                                      static_cast<std::size_t>(node)));
        y += 26;
        x = 0;
    }
    p.write({0, y + 2}, "its own tasks first, then in this order", 9.5, 400, -1, Tone::soft);
    grow(p);
    return p;
}

// ---- What the signs mean ----

class Legend {
public:
    explicit Legend(const Board& b) : b_(b) {}

    Picture run(std::span<const PlannedUse> uses) {
        y_ = heading(p_, "What is what");
        bool stages = false, tasks = false;
        std::array<bool, 4> waits{};
        CpuSet used = b_.housekeeping;
        for (const Worker& w : b_.workers) {
            (w.roles.count > 0 ? stages : tasks) = true;
            waits.at(static_cast<std::size_t>(w.wait)) = true;
            used.add(w.cpu);
        }
        if (stages) swatch(Ink::stage_cpu, "cpu of a worker that runs stages");
        if (tasks) swatch(Ink::task_cpu, "cpu of a worker for tasks only");
        swatch(Ink::house_cpu, "housekeeping: Linux, the caller, helpers");
        if (!b_.machine.cpus.without(used).empty())
            swatch(Ink::unused_cpu, "cpu that we leave idle");
        if (!b_.machine.slow_cpus.empty())
            swatch(Ink::unused_cpu, "E, broken outline: an efficiency cpu", true);
        if (!b_.machine.smt.empty()) siblings();
        if (!uses.empty()) {
            swatch(Ink::bar, "a node's budget, and what of it is used", false, true);
            add_rules(uses);
        }
        for (const Wait wait : {Wait::futex, Wait::spin_then_futex, Wait::spin, Wait::yield})
            if (waits.at(static_cast<std::size_t>(wait))) sign(wait);
        grow(p_);
        return std::move(p_);
    }

private:
    // The kinds of hops that there are.
    void add_rules(std::span<const PlannedUse> uses) {
        bool enters = false, moves = false, stays = false;
        for (const PlannedUse& use : uses) {
            const Way way = way_of(use);
            for (const Hop& hop : way.hops)
                if (hop.from == from_caller)
                    enters = true;
                else if (way.stops[hop.from].worker == way.stops[hop.to].worker)
                    stays = true;
                else
                    moves = true;
        }
        if (moves) rule(Stroke::route, "the way of an item to another worker");
        if (stays) rule(Stroke::same_worker, "to the next stage of the same worker");
        if (enters) rule(Stroke::entry, "from the caller");
    }
    void say(std::string_view text) {
        p_.write({38, y_}, text, text_size, 400);
        y_ += line;
    }
    void swatch(Ink ink, std::string_view text, bool is_slow = false, bool is_bar = false) {
        const Rect at = is_bar ? Rect{0, y_ + 5, 28, 5} : Rect{0, y_ + 1, 28, 13};
        const int box = p_.add({.at = at, .ink = ink, .is_slow = is_slow});
        if (is_bar) p_.add({.at = {at.x, at.y, 12, at.h}, .ink = Ink::used, .parent = box});
        say(text);
    }
    void siblings() {
        const int core = p_.add({.at = {0, y_ + 1, 28, 13}, .ink = Ink::core});
        p_.add({.at = {0, y_ + 1, 14, 13}, .ink = Ink::unused_cpu, .parent = core});
        p_.add({.at = {14, y_ + 1, 14, 13}, .ink = Ink::unused_cpu, .parent = core});
        say("cpus of one core");
    }
    void rule(Stroke stroke, std::string_view text) {
        p_.lines.push_back({.points = {{0, y_ + 7.5}, {28, y_ + 7.5}}, .stroke = stroke});
        say(text);
    }
    void sign(Wait wait) {
        p_.signs.push_back({.at = {14, y_ + 7.5}, .radius = 5, .wait = wait});
        say("a worker that " + wait_text(b_, wait));
    }

    const Board& b_;
    Picture p_;
    double y_ = 0;
};

// Parts beside each other, spread over the width, in as many rows as they need.
void flow(Picture& page, std::vector<Picture> parts, double w, double& y) {
    for (std::size_t first = 0, last = 0; first < parts.size(); first = last) {
        double sum = 0, row_h = 0;
        for (; last < parts.size(); ++last) {
            if (last > first && sum + parts[last].w + part_gap > w) break;
            sum += parts[last].w + (last > first ? part_gap : 0);
            row_h = std::max(row_h, parts[last].h);
        }
        const double spare =
            (w - sum) / static_cast<double>(std::max<std::size_t>(1, last - first));
        double x = margin;
        for (std::size_t i = first; i < last; ++i) {
            const double part_w = parts[i].w;
            page.take(std::move(parts[i]), x, y);
            x += part_w + part_gap + std::min(spare, 90.0);
        }
        y += row_h + (last < parts.size() ? section_gap : 0);
    }
}

// Distances, and below them who steals from whom.
Picture between_nodes(const Board& b) {
    Picture p = distances_picture(b);
    const double h = p.h;
    p.take(steal_picture(b), 0, h + section_gap);
    grow(p);
    return p;
}

}  // namespace

Picture picture_of(const Board& b, std::span<const PlannedUse> uses) {
    const int cpus = b.machine.cpus.count();
    double w = cpus > 64                                ? 1400
               : cpus > 8 || b.machine.nodes.size() > 1 ? 1200
               : cpus > 4                               ? 1000
                                                        : 880;
    std::vector<Picture> ways;
    for (const PlannedUse& use : uses) {
        if (way_of(use).stops.empty()) continue;
        ways.push_back(WayPicture(b, use).run(w));
        w = std::max(w, ways.back().w);
    }
    std::vector<Picture> parts{workers_picture(b), Legend(b).run(uses)};
    if (b.machine.nodes.size() > 1) parts.push_back(between_nodes(b));
    for (const Picture& part : parts) w = std::max(w, part.w);
    Picture machine = machine_picture(b, uses, w);
    w = std::max(w, machine.w);

    Picture page;
    const std::string numbers = joined(numbers_of(b), "  ·  ");
    page.title = "Board " + std::string(b.name);
    page.description = joined(numbers_of(b), ", ") + "; housekeeping on " + b.housekeeping.word();
    double y = margin;
    page.write({margin, y}, b.name, 32, w, -1, Tone::dark, true);
    page.write({margin, y + 44}, numbers, 13, w, -1, Tone::soft);
    y += 44 + 13 * line_height + 12;
    page.lines.push_back({.points = {{margin, y}, {margin + w, y}}, .stroke = Stroke::rule});
    y += 14;
    const double machine_h = machine.h;
    page.take(std::move(machine), margin, y);
    y += machine_h + section_gap;
    for (Picture& way : ways) {
        const double h = way.h;
        page.take(std::move(way), margin, y);
        y += h + section_gap;
    }
    flow(page, std::move(parts), w, y);
    page.w = w + 2 * margin;
    page.h = y + margin;
    return page;
}

}  // namespace stator::tools
