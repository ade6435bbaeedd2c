// tools/board/probe_main.cpp - writes the board `host` into a folder; run while CMake configures.
#include <cstdio>
#include <string>

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

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: probe DIR\n");
        return 2;
    }
    if (const auto s = write_host(argv[1]); !s.ok()) {
        std::fprintf(stderr, "%s\n", s.text().c_str());
        return 2;
    }
}
