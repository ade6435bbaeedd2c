// tools/board/commands.cpp - `stator board gen` and `stator board check`.
#include "board/commands.hpp"

#include <filesystem>

#include <fmt/format.h>

#include <stator/board.hpp>
#include <stator/core/machine_check.hpp>

#include "board/gen.hpp"

namespace stator::tools {
namespace {

int say(const char* command, const std::string& text, int code) {
    fmt::print(stderr, "stator board {}: {}\n", command, text);
    return code;
}

}  // namespace

int board_gen(const GenOptions& options) {
    if (!is_board_name(options.name))
        return say(
            "gen",
            fmt::format("'{}' is no name for a board; use letters, digits, - and _, a letter "
                        "first",
                        options.name),
            2);
    platform::MachineFacts facts;
    if (const auto s = platform::read_machine(
            facts, {.xml_file = options.xml, .synthetic = options.synthetic});
        !s.ok())
        return say("gen", s.text(), 2);
    Choices choices;
    if (const auto s = choose(facts, choices); !s.ok()) return say("gen", s.text(), 2);
    const std::filesystem::path dir = std::filesystem::path(options.out) / options.name;
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    if (error)
        return say("gen",
                   fmt::format("{}: could not be made: {}; choose a folder that can be written to",
                               dir.string(), error.message()),
                   2);
    const std::string topology = dir / "topology.hpp", board = dir / "board.hpp";
    if (const auto s = write_if_changed(topology, topology_text(options.name, facts)); !s.ok())
        return say("gen", s.text(), 2);
    fmt::print("wrote {}\n", topology);
    if (std::filesystem::exists(board)) {
        fmt::print("kept  {}, as it may have been changed by hand\n", board);
        return 0;
    }
    if (const auto s = write_if_changed(board, board_text(options.name, choices)); !s.ok())
        return say("gen", s.text(), 2);
    fmt::print("wrote {}\n", board);
    return 0;
}

int board_check(const CheckOptions& options) {
    platform::MachineFacts facts;
    if (const auto s = platform::read_machine(facts, {.xml_file = options.xml}); !s.ok())
        return say("check", s.text(), 2);
    if (!options.xml.empty()) facts.from_kernel = true;  // asked for just this file
    if (const auto s = verify(stator::board, facts); !s.ok()) return say("check", s.text(), 3);
    fmt::print("{} is the board '{}'\n", options.xml.empty() ? "this machine" : options.xml,
               stator::board.name);
    return 0;
}

}  // namespace stator::tools
