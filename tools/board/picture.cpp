// tools/board/picture.cpp - texts and their widths, and putting parts of a picture together.
#include "board/picture.hpp"

#include <cstring>
#include <utility>

namespace stator::tools {
namespace {

// Of a size of 1. Source: the widths of Helvetica in its font metrics, rounded up by class.
double width_of(char c) {
    if (std::strchr("ijl.,:;|!'`Itf()[]-/ ", c) != nullptr) return 0.34;
    if (std::strchr("mMwW%@", c) != nullptr) return 0.92;
    if ('A' <= c && c <= 'Z') return 0.74;
    return 0.58;
}

}  // namespace

double text_width(std::string_view text, double size, bool is_bold) {
    double sum = 0;
    std::size_t others = characters_in(text);
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) continue;
        sum += c == '\0' ? 1 : width_of(c);
        --others;
    }
    sum += static_cast<double>(others);  // as wide as high
    return sum * size * (is_bold ? 1.08 : 1);
}

int Picture::add(const Box& box) {
    boxes.push_back(box);
    return static_cast<int>(boxes.size()) - 1;
}

double Picture::write(Point at, std::string_view text, double size, double most, int box, Tone tone,
                      bool is_bold, Side side) {
    std::string shown(text);
    for (std::size_t n = characters_in(text); n > 0 && text_width(shown, size, is_bold) > most; --n)
        shown = std::string(first_characters(text, n - 1)) + "…";
    const double width = text_width(shown, size, is_bold);
    if (width > most || text.empty()) return 0;
    const double before = side == Side::left ? 0 : side == Side::middle ? width / 2 : width;
    labels.push_back({.at = {at.x - before, at.y, width, size * line_height},
                      .text = std::move(shown),
                      .size = size,
                      .is_bold = is_bold,
                      .tone = tone,
                      .side = side,
                      .box = box});
    return width;
}

double Picture::write_left_of(Point at, std::string_view text, double size, double most, int box,
                              Tone tone) {
    if (text_width(text, size) > most) return 0;
    return write(at, text, size, most, box, tone, false, Side::right);
}

void Picture::take(Picture part, double dx, double dy) {
    const int first = static_cast<int>(boxes.size());
    const auto move = [&](auto& at) {
        at.x += dx;
        at.y += dy;
    };
    for (Box& box : part.boxes) {
        move(box.at);
        if (box.parent >= 0) box.parent += first;
        boxes.push_back(std::move(box));
    }
    for (Label& label : part.labels) {
        move(label.at);
        if (label.box >= 0) label.box += first;
        labels.push_back(std::move(label));
    }
    for (Line& line : part.lines) {
        for (Point& point : line.points) move(point);
        lines.push_back(std::move(line));
    }
    for (Sign& sign : part.signs) {
        move(sign.at);
        signs.push_back(sign);
    }
}

}  // namespace stator::tools
