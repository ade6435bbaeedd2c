// tests/boards/picture.cpp - prints the picture of the board that it was compiled for.
#include <cstdio>

#include <stator/board.hpp>

#include "board/draw_svg.hpp"
#include "flowmeter_use.hpp"

int main() {
    const stator::tools::PlannedUse use = stator::tools::capture_file_use();
    std::fputs(stator::tools::svg_of(stator::board, {&use, 1}).c_str(), stdout);
}
