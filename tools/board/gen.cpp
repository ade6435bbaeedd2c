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

std::string workers_text(const Choices& c) {
    std::string text = "inline constexpr Worker workers[] = {\n";
    for (const WorkerChoice& worker : c.workers)
        text += "    // " + worker.reason + ".\n    {.name = \"" + worker.name +
                "\", .cpu = " + std::to_string(worker.cpu) + ", .roles = {" +
                (worker.runs_stages ? "every_other_role" : "") + "}, .tasks = true" +
                (c.sleeps ? ", .wait = Wait::futex" : "") + "},\n";
    return text + "};\n\n";
}

// A paragraph of comment, in lines of at most 100 columns.
std::string comment(const std::string& text) {
    constexpr std::size_t columns = 100;
    std::string all, line = "//";
    std::istringstream words(text);
    for (std::string word; words >> word; line += ' ' + word) {
        if (line.size() + 1 + word.size() <= columns) continue;
        all += line + '\n';
        line = "//";
    }
    return all + line + '\n';
}

std::string why_text(const Choices& c) {
    std::string text =
        comment("Housekeeping, " + c.housekeeping.word() + ": " + c.housekeeping_reason + ".");
    for (const std::string& unused : c.unused) text += comment("Not used: " + unused + ".");
    return text;
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
        << groups_text("last_caches", facts.last_caches) << groups_text("packages", facts.packages)
        << "inline constexpr Machine machine = {\n"
        << "    .architecture = \"" << facts.architecture << "\",\n"
        << "    .page_bytes = " << facts.page_bytes << ",\n"
        << "    .cache_line_bytes = " << facts.cache_line_bytes << ",\n"
        << "    .cpus = " << quoted(facts.cpus) << ",\n"
        << "    .nodes = nodes,\n"
        << "    .distances = " << (facts.distances.empty() ? "{}" : "distances") << ",\n"
        << "    .smt = " << (facts.smt.empty() ? "{}" : "smt") << ",\n"
        << "    .last_caches = " << (facts.last_caches.empty() ? "{}" : "last_caches") << ",\n"
        << "    .last_cache_bytes = " << facts.last_cache_bytes << ",\n"
        << "    .packages = " << (facts.packages.empty() ? "{}" : "packages") << ",\n"
        << "    .slow_cpus = " << (facts.slow_cpus.empty() ? "{}" : quoted(facts.slow_cpus))
        << ",\n"
        << "};\n\n}  // namespace stator::boards::" << namespace_of(name) << '\n';
    return out.str();
}

std::string board_text(std::string_view name, const Choices& c) {
    std::ostringstream out;
    out << "// boards/" << name << "/board.hpp - how we use this machine.\n//\n"
        << "// A first proposal by `stator board gen`; change it by hand.\n//\n"
        << why_text(c)
        << (c.sleeps ? ""
                     : "//\n" + comment("For the best latency boot with isolcpus= nohz_full= "
                                        "rcu_nocbs= and the workers' cpus."))
        << (c.workers.size() > 1
                ? comment("Name roles, as in .roles = {\"parse\", \"hash\"}, to spread stages. "
                          "All workers take tasks.")
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
        << "    .memory = {.budget_per_node_bytes = " << (c.budget_per_node_bytes >> 20)
        << "_MiB,  // more than this does not compile\n"
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
