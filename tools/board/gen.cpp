// tools/board/gen.cpp - the text of a board: facts from hwloc, and choices to begin with.
#include "board/gen.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include <unistd.h>

namespace stator::tools {
namespace {

using platform::CpuSet;
using platform::MachineFacts;
using platform::NodeFacts;

std::string quoted(const CpuSet& set) {
    return "cpus(\"" + set.text() + "\")";
}

std::string groups_text(const char* name, const std::vector<CpuSet>& groups) {
    if (groups.empty()) return {};
    std::string text = "inline constexpr CpuSet " + std::string(name) + "[] = {\n";
    for (const CpuSet& group : groups) text += "    " + quoted(group) + ",\n";
    return text + "};\n\n";
}

std::string distances_text(const MachineFacts& facts) {
    if (facts.distances.empty()) return {};
    const std::size_t n = facts.nodes.size();
    std::string text = "inline constexpr int distances[] = {\n";
    for (std::size_t i = 0; i < n; ++i) {
        text += "   ";
        for (std::size_t j = 0; j < n; ++j)
            text += ' ' + std::to_string(facts.distances[i * n + j]) + ',';
        text += "  // from node " + std::to_string(facts.nodes[i].id) + '\n';
    }
    return text + "};\n\n";
}

// The cpus of one core: `cpu` and those that share it.
CpuSet core_of(const MachineFacts& facts, int cpu) {
    for (const CpuSet& group : facts.smt)
        if (group.contains(cpu)) return group;
    CpuSet alone;
    alone.add(cpu);
    return alone;
}

// Where a worker may stand: a cpu of a node that has memory.
CpuSet cpus_with_memory(const MachineFacts& facts) {
    CpuSet set;
    for (const NodeFacts& node : facts.nodes)
        if (node.memory_bytes > 0) set = set | node.cpus;
    return set & facts.cpus;
}

struct Choices {
    CpuSet housekeeping;
    std::vector<int> worker_cpus;
    bool sleeps = false;  // the workers share their cpu, and wait by futex
};

Choices choose(const MachineFacts& facts) {
    Choices c;
    const CpuSet usable = cpus_with_memory(facts);
    const int first = facts.cpus.first();
    const CpuSet core = core_of(facts, first);
    CpuSet left = usable.without(core);
    c.housekeeping = core;
    if (left.empty()) {  // one core: its second cpu is better than none
        c.housekeeping = {};
        c.housekeeping.add(first);
        left = usable.without(c.housekeeping);
    }
    if (left.empty()) {
        c.sleeps = true;
        c.worker_cpus.push_back(usable.empty() ? first : usable.first());
        return c;
    }
    for (int cpu = left.first(); cpu >= 0 && c.worker_cpus.size() < 64; cpu = left.next(cpu + 1)) {
        c.worker_cpus.push_back(cpu);
        left = left.without(core_of(facts, cpu));  // one worker a core
    }
    return c;
}

std::string workers_text(const Choices& c) {
    std::string text = "inline constexpr Worker workers[] = {\n";
    const char* wait = c.sleeps ? "Wait::futex" : "Wait::spin_then_futex";
    for (std::size_t i = 0; i < c.worker_cpus.size(); ++i) {
        text += "    {.name = \"work" + std::to_string(i + 1) +
                "\", .cpu = " + std::to_string(c.worker_cpus[i]) + ", .roles = {" +
                (i == 0 ? "every_other_role" : "") + "}, .tasks = true, .wait = " + wait + "},\n";
    }
    return text + "};\n\n";
}

}  // namespace

std::string namespace_of(std::string_view name) {
    std::string text(name);
    for (char& c : text)
        if (c == '-') c = '_';
    return text;
}

bool is_board_name(std::string_view name) {
    const auto letter = [](char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'); };
    if (name.empty() || !letter(name[0])) return false;
    for (const char c : name)
        if (!letter(c) && !('0' <= c && c <= '9') && c != '-' && c != '_') return false;
    return true;
}

std::string topology_text(std::string_view name, const MachineFacts& facts) {
    std::ostringstream out;
    out << "// boards/" << name << "/topology.hpp - facts about the machine.\n"
        << "// Written by `stator board gen` from "
        << (facts.from_kernel ? "hwloc" : "an hwloc file") << "; do not edit.\n"
        << "#pragma once\n#include <stator/core/board.hpp>\n\n"
        << "namespace stator::boards::" << namespace_of(name) << " {\n\n"
        << "inline constexpr Node nodes[] = {\n";
    for (const NodeFacts& node : facts.nodes)
        out << "    {.id = " << node.id << ", .cpus = " << quoted(node.cpus)
            << ", .memory_bytes = " << node.memory_bytes << "},\n";
    out << "};\n\n"
        << distances_text(facts) << groups_text("smt", facts.smt)
        << groups_text("last_caches", facts.last_caches) << "inline constexpr Machine machine = {\n"
        << "    .architecture = \"" << facts.architecture << "\",\n"
        << "    .page_bytes = " << facts.page_bytes << ",\n"
        << "    .cache_line_bytes = " << facts.cache_line_bytes << ",\n"
        << "    .cpus = " << quoted(facts.cpus) << ",\n"
        << "    .nodes = nodes,\n"
        << "    .distances = " << (facts.distances.empty() ? "{}" : "distances") << ",\n"
        << "    .smt = " << (facts.smt.empty() ? "{}" : "smt") << ",\n"
        << "    .last_caches = " << (facts.last_caches.empty() ? "{}" : "last_caches") << ",\n"
        << "};\n\n}  // namespace stator::boards::" << namespace_of(name) << '\n';
    return out.str();
}

std::string board_text(std::string_view name, const MachineFacts& facts) {
    const Choices c = choose(facts);
    std::ostringstream out;
    out << "// boards/" << name << "/board.hpp - how we use this machine.\n//\n"
        << "// A first proposal by `stator board gen`; change it by hand. Cpu "
        << c.housekeeping.text()
        << (c.sleeps
                ? " is shared by Linux, the caller and the\n// worker, which therefore sleeps when "
                  "it has nothing to do.\n"
                : " is left to Linux and the caller. For the\n// best latency boot with  isolcpus= "
                  "nohz_full= rcu_nocbs=  and the workers' cpus.\n")
        << (c.worker_cpus.size() > 1
                ? "// The first worker runs every stage; name roles, as in  .roles = "
                  "{\"parse\", \"hash\"},  to spread them. All take tasks.\n"
                : "")
        << "#pragma once\n#include <stator/core/board.hpp>\n#include "
           "<stator/core/board_rules.hpp>\n\n"
        << "#include \"topology.hpp\"\n\n"
        << "namespace stator::boards::" << namespace_of(name) << " {\n"
        << "using namespace std::chrono_literals;\nusing namespace units;\n\n"
        << workers_text(c) << "inline constexpr Board board = {\n"
        << "    .name = \"" << name << "\",\n"
        << "    .machine = machine,\n"
        << "    .housekeeping = " << quoted(c.housekeeping) << ",\n"
        << "    .workers = workers,\n"
        << "    .memory = {.budget_per_node_bytes = 512_MiB,  // more than this does not compile\n"
        << "               .stack_bytes = 1_MiB},             // of each worker\n"
        << "    .spin_budget = 20us,  // how long a worker without work spins before it sleeps\n"
        << "};\n\n"
        << "static_assert(board_is_sound<board>);\n\n"
        << "}  // namespace stator::boards::" << namespace_of(name) << '\n';
    return out.str();
}

platform::Status write_if_changed(const std::string& path, const std::string& text) {
    const auto refusal = [&](int error) {
        return platform::Status{platform::Cause::machine_unknown,
                                path + ": could not be written: " + platform::error_text(error) +
                                    "; choose a folder that can be written to"};
    };
    {
        std::ifstream old(path, std::ios::binary);
        const std::string there{std::istreambuf_iterator<char>(old), {}};
        if (old && there == text) return {};
    }
    const std::string fresh = path + ".new";
    std::FILE* file = std::fopen(fresh.c_str(), "w");
    if (file == nullptr) return refusal(errno);
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const int error = errno;
    if (std::fclose(file) != 0 || !written || std::rename(fresh.c_str(), path.c_str()) != 0) {
        const int why = written ? errno : error;
        unlink(fresh.c_str());
        return refusal(why);
    }
    return {};
}

}  // namespace stator::tools
