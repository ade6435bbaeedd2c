// tools/board/check.cpp - `stator board check`: what differs, what it means, how to repair it.
#include "board/check.hpp"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stator/core/machine_check.hpp>

namespace stator::tools {
namespace {

constexpr int same = 0, warned = 1, unreadable = 2, refused = 3;

int code_of(const std::vector<Difference>& found) {
    if (found.empty()) return same;
    return found[0].severity == Severity::refused ? refused : warned;
}

void print_json(const Board& b, const std::string& machine, const std::vector<Difference>& found) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    for (const Difference& d : found)
        lines.push_back({{"severity", name_of(d.severity)},
                         {"kind", name_of(d.kind)},
                         {"what", d.what},
                         {"meaning", d.meaning},
                         {"remedy", d.remedy}});
    const int code = code_of(found);
    const nlohmann::ordered_json all = {
        {"board", b.name},
        {"machine", machine},
        {"result", code == same ? "same" : name_of(found[0].severity)},
        {"differences", lines}};
    fmt::print("{}\n", all.dump(2));
}

void print_text(const Board& b, const std::string& machine, const std::vector<Difference>& found) {
    switch (code_of(found)) {
        case same:
            fmt::print("{} is the board '{}'\n", machine, b.name);
            break;
        case warned:
            fmt::print("{} is the board '{}', but for what nothing of it stands on:\n", machine,
                       b.name);
            break;
        default:
            fmt::print("{} is not the board '{}':\n", machine, b.name);
    }
    for (const Difference& d : found) fmt::print("  {}: {}\n", name_of(d.severity), d.text());
}

}  // namespace

int check_board(const Board& b, const CheckOptions& options) {
    platform::MachineFacts facts;
    if (const auto s = platform::read_machine(facts, {.xml_file = options.xml}); !s.ok()) {
        fmt::print(stderr, "stator board check: {}\n", s.text());
        return unreadable;
    }
    const std::string machine = facts.from_kernel ? "this machine" : facts.source;
    const std::vector<Difference> found = differences(b, facts);
    options.json ? print_json(b, machine, found) : print_text(b, machine, found);
    return code_of(found);
}

}  // namespace stator::tools
