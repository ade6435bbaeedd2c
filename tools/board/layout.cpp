// tools/board/layout.cpp - frames, cores and cpus from a board's facts and choices; ways from
// pieces.
#include "board/layout.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <stator/core/node_order.hpp>

#include "memory_table.hpp"

namespace stator::tools {
namespace {

bool is_within(const CpuSet& inner, const CpuSet& outer) {
    return inner.without(outer).empty();
}

class Builder {
public:
    explicit Builder(const Board& b) : b_(b), m_(b.machine) {}

    Group run() {
        Group all{.frame = Frame::all};
        const bool nodes_hold_packages =
            std::any_of(m_.nodes.begin(), m_.nodes.end(), [&](const Node& node) {
                return !(node.cpus & m_.cpus).empty() && is_in_many(node.cpus);
            });
        CpuSet left = m_.cpus;
        for (std::size_t p = 0; !nodes_hold_packages && p < m_.packages.size(); ++p) {
            Group package{.frame = Frame::package, .number = static_cast<int>(p)};
            add_nodes(package, m_.packages[p] & left, false);
            if (!package.groups.empty()) all.groups.push_back(std::move(package));
            left = left.without(m_.packages[p]);
        }
        Group bare;
        add_nodes(bare, left, nodes_hold_packages);
        if (all.groups.empty())
            all.groups = std::move(bare.groups);
        else if (!bare.groups.empty())
            all.groups.push_back(std::move(bare));
        for (std::size_t i = 0; i < m_.nodes.size(); ++i)
            if ((m_.nodes[i].cpus & m_.cpus).empty())
                all.groups.push_back({.frame = Frame::node, .number = static_cast<int>(i)});
        return all;
    }

private:
    [[nodiscard]] bool is_in_many(const CpuSet& cpus) const {
        return std::any_of(m_.packages.begin(), m_.packages.end(), [&](const CpuSet& package) {
            return !(package & cpus).empty() && !is_within(cpus & m_.cpus, package);
        });
    }

    // The nodes of the cpus of `set`, and a frame for cpus of no node.
    void add_nodes(Group& parent, CpuSet set, bool with_packages) {
        const auto add = [&](int position, const CpuSet& cpus) {
            if (cpus.empty()) return;
            Group node{.frame = Frame::node, .number = position};
            if (with_packages)
                add_packages(node, cpus);
            else
                add_caches(node, cpus);
            parent.groups.push_back(std::move(node));
            set = set.without(cpus);
        };
        for (std::size_t i = 0; i < m_.nodes.size(); ++i)
            add(static_cast<int>(i), m_.nodes[i].cpus & set);
        add(-1, set);
    }
    void add_packages(Group& node, CpuSet cpus) {
        for (std::size_t p = 0; p < m_.packages.size(); ++p) {
            const CpuSet inside = m_.packages[p] & cpus;
            if (inside.empty()) continue;
            Group package{.frame = Frame::package, .number = static_cast<int>(p)};
            add_caches(package, inside);
            node.groups.push_back(std::move(package));
            cpus = cpus.without(inside);
        }
        if (node.groups.empty())
            add_caches(node, cpus);
        else if (!cpus.empty())
            add_caches(node.groups.emplace_back(), cpus);
    }
    void add_caches(Group& parent, CpuSet cpus) {
        Group alone;
        for (int cpu = cpus.first(); cpu >= 0; cpu = cpus.first()) {
            const CpuSet shared = group_of(m_.last_caches, cpu) & cpus;
            if (shared.empty()) {
                add_core(alone, cpu, cpus);
                continue;
            }
            Group cache{.frame = Frame::cache};
            CpuSet rest = shared;
            while (!rest.empty()) add_core(cache, rest.first(), rest);
            cpus = cpus.without(shared);
            parent.groups.push_back(std::move(cache));
        }
        if (!alone.cores.empty()) parent.groups.push_back(std::move(alone));
    }
    // Takes the core of `cpu` out of `cpus`.
    void add_core(Group& parent, int cpu, CpuSet& cpus) const {
        CpuSet set = group_of(m_.smt, cpu) & cpus;
        set.add(cpu);
        CoreSpot core;
        for (int c = set.first(); c >= 0; c = set.next(c + 1)) core.push_back(spot_of(c));
        parent.cores.push_back(std::move(core));
        cpus = cpus.without(set);
    }
    [[nodiscard]] CpuSpot spot_of(int cpu) const {
        CpuSpot spot{.cpu = cpu,
                     .workers = {},
                     .keeps_house = b_.housekeeping.contains(cpu),
                     .is_slow = m_.slow_cpus.contains(cpu)};
        for (std::size_t i = 0; i < b_.workers.size(); ++i) {
            if (b_.workers[i].cpu != cpu) continue;
            spot.workers.push_back(static_cast<int>(i));
            spot.runs_stage = spot.runs_stage || b_.workers[i].roles.count > 0;
        }
        return spot;
    }
    [[nodiscard]] static CpuSet group_of(std::span<const CpuSet> groups, int cpu) {
        for (const CpuSet& group : groups)
            if (group.contains(cpu)) return group;
        return {};
    }

    const Board& b_;
    const Machine& m_;
};

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

bool are_alike(const Worker& a, const Worker& b) {
    return a.roles.count == 0 && b.roles.count == 0 && a.tasks == b.tasks && a.wait == b.wait &&
           a.scheduling == b.scheduling && a.priority == b.priority;
}

}  // namespace

Group layout_of(const Board& b) {
    return Builder(b).run();
}

Way way_of(const PlannedUse& use) {
    Way way{.title = use.title};
    // In the plan a stage's rings come before it, and behind the stages that write them.
    std::vector<const Piece*> rings;
    for (const Piece& piece : use.pieces) {
        if (piece.kind == "ring") rings.push_back(&piece);
        if (piece.kind != "stage") continue;
        const std::size_t to = way.stops.size();
        Stop stop{.role = piece.name, .worker = piece.worker};
        for (const Piece*& ring : rings) {
            if (ring == nullptr || ring->to != piece.name) continue;
            Hop hop{.from = from_caller, .to = to};
            for (std::size_t i = 0; i < way.stops.size(); ++i)
                if (way.stops[i].role == ring->name) hop.from = i;
            way.has_caller = way.has_caller || hop.from == from_caller;
            if (hop.from != from_caller)
                stop.column = std::max(stop.column, way.stops[hop.from].column + 1);
            ++stop.rings;
            stop.ring_bytes += ring->bytes;
            way.hops.push_back(hop);
            ring = nullptr;  // a later pipeline may use the same roles
        }
        way.columns = std::max(way.columns, stop.column);
        way.stops.push_back(stop);
    }
    return way;
}

bool steals_far(const Board& b) {
    for (std::size_t i = 0; i < b.machine.nodes.size(); ++i)
        if (steal_order(b, static_cast<int>(i)).count > 0) return true;
    return false;
}

std::vector<WorkerRow> worker_rows_of(const Board& b) {
    std::vector<WorkerRow> rows;
    for (std::size_t i = 0; i < b.workers.size(); ++i)
        if (i > 0 && are_alike(b.workers[i - 1], b.workers[i]))
            rows.back().last = i;
        else
            rows.push_back({.first = i, .last = i});
    for (WorkerRow& row : rows) {
        const Worker& w = b.workers[row.first];
        row.names = w.name;
        if (row.last > row.first)
            row.names += fmt::format("{}{}", row.last == row.first + 1 ? ", " : " … ",
                                     b.workers[row.last].name);
        CpuSet cpus;
        for (std::size_t i = row.first; i <= row.last; ++i) cpus.add(b.workers[i].cpu);
        row.cpus = cpus.text();
        if (row.cpus.size() > 12)
            row.cpus = fmt::format("{} … {}", cpus.first(), b.workers[row.last].cpu);
        row.waits = wait_text(b, w.wait);
        row.scheduling =
            w.scheduling == Scheduling::fifo ? fmt::format("fifo {}", w.priority) : "other";
        row.roles = stages_text(b, w);
        if (w.tasks) row.roles += row.roles.empty() ? "tasks" : "; tasks";
        if (row.roles.empty()) row.roles = "nothing";
    }
    return rows;
}

std::string stages_text(const Board& b, const Worker& w) {
    const bool is_alone = std::none_of(
        b.workers.begin(), b.workers.end(),
        [&](const Worker& other) { return other.name != w.name && other.roles.count > 0; });
    std::string text;
    for (std::size_t i = 0; i < w.roles.count; ++i) {
        if (!text.empty()) text += ", ";
        text += w.roles.names[i] != every_other_role ? w.roles.names[i]
                : is_alone && w.roles.count == 1     ? "every stage"
                : w.roles.count == 1                 ? "all other stages"
                                                     : "all others";
    }
    return text;
}

bool has_worker(const Board& b, int node) {
    for (std::size_t i = 0; i < b.workers.size(); ++i)
        if (b.node_of_worker(static_cast<int>(i)) == node) return true;
    return false;
}

std::size_t characters_in(std::string_view text) {
    std::size_t n = 0;
    for (const char c : text) n += begins_character(c) ? 1 : 0;
    return n;
}

std::string_view first_characters(std::string_view text, std::size_t n) {
    for (std::size_t i = 0; i < text.size(); ++i)
        if (begins_character(text[i]) && n-- == 0) return text.substr(0, i);
    return text;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string text;
    for (const std::string& part : parts) {
        if (!text.empty()) text += between;
        text += part;
    }
    return text;
}

std::string_view short_wait_text(Wait wait) {
    switch (wait) {
        case Wait::futex:
            return "sleeps";
        case Wait::spin:
            return "spins";
        case Wait::spin_then_futex:
            return "spins, then sleeps";
        case Wait::yield:
            return "yields";
    }
    return "?";
}

std::string wait_text(const Board& b, Wait wait) {
    const long long ns = b.spin_budget.count();
    switch (wait) {
        case Wait::futex:
            return "sleeps at once";
        case Wait::spin:
            return "spins, never sleeps";
        case Wait::spin_then_futex:
            return ns % 1000 == 0 ? fmt::format("spins {} µs, then sleeps", ns / 1000)
                                  : fmt::format("spins {} ns, then sleeps", ns);
        case Wait::yield:
            return "yields, never sleeps";
    }
    return "?";
}

std::string count_text(std::size_t n, std::string_view one) {
    return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

std::vector<std::string> numbers_of(const Board& b) {
    const Machine& m = b.machine;
    std::size_t in_cores = 0;
    std::uint64_t memory = 0;
    for (const CpuSet& core : m.smt) in_cores += static_cast<std::size_t>(core.count()) - 1;
    for (const Node& node : m.nodes) memory += node.memory_bytes;
    const auto cpus = static_cast<std::size_t>(m.cpus.count());
    std::vector<std::string> all;
    if (!m.architecture.empty() && m.architecture != "unknown") all.emplace_back(m.architecture);
    if (!m.packages.empty()) all.push_back(count_text(m.packages.size(), "package"));
    all.push_back(count_text(m.nodes.size(), "node"));
    all.push_back(memory_text(memory));
    all.push_back(count_text(cpus - in_cores, "core"));
    all.push_back(count_text(cpus, "cpu"));
    if (m.last_caches.size() == 1 && m.last_cache_bytes > 0)
        all.push_back(memory_text(m.last_cache_bytes) + " of last-level cache");
    else if (m.last_cache_bytes > 0)
        all.push_back(memory_text(m.last_cache_bytes) + " in the largest last-level cache");
    all.push_back(count_text(b.workers.size(), "worker"));
    return all;
}

std::string memory_text(std::uint64_t bytes) {
    const auto value = static_cast<double>(bytes);
    if (bytes >= std::uint64_t{1} << 40) return fmt::format("{:.1f} TiB", value / (1ull << 40));
    if (bytes >= std::uint64_t{1} << 30) return fmt::format("{:.1f} GiB", value / (1 << 30));
    if (bytes >= std::uint64_t{1} << 20) return fmt::format("{:.0f} MiB", value / (1 << 20));
    return fmt::format("{:.0f} KiB", value / 1024);
}

std::vector<std::string> names_on(const Board& b, const CpuSpot& spot) {
    std::vector<std::string> names;
    for (const int worker : spot.workers)
        names.emplace_back(b.workers[static_cast<std::size_t>(worker)].name);
    if (spot.keeps_house) names.emplace_back("Linux");
    return names;
}

std::string budget_text(const Board& b, std::span<const PlannedUse> uses, int node) {
    if (!has_worker(b, node)) return "no worker, nothing of ours is put here";
    const std::uint64_t budget = b.memory.budget_per_node_bytes;
    if (uses.empty()) return fmt::format("budget {}", bytes_text(budget));
    return fmt::format("uses {} of {}", bytes_text(bytes_on(uses, node)), bytes_text(budget));
}

std::uint64_t bytes_on(std::span<const PlannedUse> uses, int node) {
    std::uint64_t most = 0;
    for (const PlannedUse& use : uses)
        if (const auto at = static_cast<std::size_t>(node); at < use.node_bytes.size())
            most = std::max(most, use.node_bytes[at]);
    return most;
}

}  // namespace stator::tools
