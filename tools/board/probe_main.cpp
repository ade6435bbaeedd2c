// tools/board/probe_main.cpp - writes the board `host` into a folder; run while CMake configures.
#include <cstdio>
#include <string>

#include "board/gen.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: probe DIR\n");
        return 2;
    }
    using namespace stator;
    platform::MachineFacts facts;
    if (const auto s = platform::read_machine(facts); !s.ok()) {
        std::fprintf(stderr, "%s\n", s.text().c_str());
        return 2;
    }
    tools::Choices choices;
    if (const auto s = tools::choose(facts, choices); !s.ok()) {
        std::fprintf(stderr, "%s\n", s.text().c_str());
        return 2;
    }
    const std::string dir = argv[1];
    for (const auto& [file, text] :
         {std::pair{"/topology.hpp", tools::topology_text("host", facts)},
          std::pair{"/board.hpp", tools::board_text("host", choices)}}) {
        if (const auto s = tools::write_if_changed(dir + file, text); !s.ok()) {
            std::fprintf(stderr, "%s\n", s.text().c_str());
            return 2;
        }
    }
}
