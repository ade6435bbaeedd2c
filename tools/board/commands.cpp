// tools/board/commands.cpp - `stator board gen` and `stator board check`.
#include "board/commands.hpp"

#include <filesystem>

#include <fmt/format.h>

#include <stator/board.hpp>

#include "board/gen.hpp"
#include "board/known_boards.hpp"

namespace stator::tools {
namespace {

int say(const char* command, const std::string& text, int code) {
    fmt::print(stderr, "stator board {}: {}\n", command, text);
    return code;
}

// The one with this name; "" is the one that the program was built for; nullptr: there is none.
const Board* board_called(const std::string& name) {
    if (name.empty() || name == stator::board.name) return &stator::board;
    for (const Board* b : known_boards())
        if (b->name == name) return b;
    return nullptr;
}

std::string names_of_boards() {
    std::string text{stator::board.name};
    for (const Board* b : known_boards())
        if (b->name != stator::board.name) text += fmt::format(" {}", b->name);
    return text;
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

const Board* known_board(const char* command, const std::string& name) {
    const Board* const b = board_called(name);
    if (b == nullptr)
        say(command,
            fmt::format("there is no board '{}'; it is one of: {}; others are found where CMake is "
                        "told -DBOARD_ROOT=DIR",
                        name, names_of_boards()),
            2);
    return b;
}

int board_check(const CheckOptions& options) {
    const Board* b = known_board("check", options.board);
    return b == nullptr ? 2 : check_board(*b, options);
}

}  // namespace stator::tools
