// tools/board/probe_main.cpp - writes the board `host` into a folder, while CMake configures; or
// prints the facts for a board of another name, inside a machine of the lab.
#include <cstdio>
#include <string>
#include <string_view>

#include "board/gen.hpp"

namespace {

using namespace stator;

platform::Status write_host(const std::string& dir) {
    platform::MachineFacts facts;
    if (auto s = platform::read_machine(facts); !s.ok()) return s;
    tools::Choices choices;
    if (auto s = tools::choose(facts, choices); !s.ok()) return s;
    if (auto s =
            tools::write_if_changed(dir + "/topology.hpp", tools::topology_text("host", facts));
        !s.ok())
        return s;
    return tools::write_if_changed(dir + "/board.hpp", tools::board_text("host", choices));
}

platform::Status print_topology(const std::string& name) {
    platform::MachineFacts facts;
    if (auto s = platform::read_machine(facts); !s.ok()) return s;
    std::fputs(tools::topology_text(name, facts).c_str(), stdout);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    const bool prints = argc == 3 && argv[1] == std::string_view("--topology");
    if (argc != 2 && !prints) {
        std::fprintf(stderr, "usage: probe DIR\n       probe --topology NAME\n");
        return 2;
    }
    if (const auto s = prints ? print_topology(argv[2]) : write_host(argv[1]); !s.ok()) {
        std::fprintf(stderr, "%s\n", s.text().c_str());
        return 2;
    }
}
