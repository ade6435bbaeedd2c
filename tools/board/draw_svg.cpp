// tools/board/draw_svg.cpp - shapes as SVG.
//
// Colours are told apart by their lightness too, so they last in grey print and for the
// colour-blind; the dark blue, the orange and the red-brown are those of Okabe and Ito, "Color
// Universal Design", toned.
#include "board/draw_svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "board/picture.hpp"

namespace stator::tools {
namespace {

constexpr std::string_view style =
    "text{font-family:Inter,'Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu "
    "Sans',sans-serif;fill:#1b2733}\n"
    ".bold{font-weight:600}.soft{fill:#5b6875}.light{fill:#fff}\n"
    ".package{fill:#eef1f4;stroke:#c3cbd3}\n"
    ".node{fill:#fff;stroke:#8b97a3}\n"
    ".bare-node{fill:#fff;stroke:#8b97a3;stroke-dasharray:4 3}\n"
    ".cache{fill:#f6f8fa;stroke:#c3cbd3}\n"
    ".core{fill:#fff;stroke:#5b6875}\n"
    ".stage{fill:#12507f}.task{fill:#b5d4ea}.house{fill:url(#hatch)}.unused{fill:#fff}\n"
    ".stage,.task,.house,.unused{stroke:#5b6875;stroke-width:.75}\n"
    ".slow{stroke:#1b2733;stroke-width:1.4;stroke-dasharray:3 2.5}\n"
    ".bar{fill:#e3e7eb}.used{fill:#12507f}\n"
    ".stop{fill:#fff;stroke:#12507f;stroke-width:1.5}\n"
    ".caller{fill:url(#hatch);stroke:#5b6875}\n"
    ".cell{fill:#c9dcea}.cell-far{fill:#8fb6d3}.cell-farther{fill:#2f6a98}\n"
    ".route,.entry,.same-worker,.rule{fill:none}\n"
    ".route,.entry{stroke:#c8500a;stroke-width:1.9}\n"
    ".entry{stroke-dasharray:5 3}\n"
    ".same-worker{stroke:#5b6875;stroke-width:1.1}\n"
    ".rule{stroke:#c3cbd3}\n"
    ".tip{fill:#c8500a}.tip-soft{fill:#5b6875}\n";

constexpr std::string_view hatch =
    "<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><rect width=\"5\" height=\"5\" fill=\"#fdf1d0\"/><rect "
    "width=\"1.2\" height=\"5\" fill=\"#efcf86\"/></pattern>";

std::string_view class_of(Ink ink) {
    switch (ink) {
        case Ink::package:
            return "package";
        case Ink::node:
            return "node";
        case Ink::bare_node:
            return "bare-node";
        case Ink::cache:
            return "cache";
        case Ink::core:
            return "core";
        case Ink::stage_cpu:
            return "stage";
        case Ink::task_cpu:
            return "task";
        case Ink::house_cpu:
            return "house";
        case Ink::unused_cpu:
            return "unused";
        case Ink::bar:
            return "bar";
        case Ink::used:
            return "used";
        case Ink::stop:
            return "stop";
        case Ink::caller:
            return "caller";
        case Ink::cell:
            return "cell";
        case Ink::cell_far:
            return "cell-far";
        case Ink::cell_farther:
            return "cell-farther";
    }
    return "";
}
double rounding_of(Ink ink) {
    switch (ink) {
        case Ink::package:
            return 6;
        case Ink::node:
        case Ink::bare_node:
        case Ink::stop:
        case Ink::caller:
            return 4;
        case Ink::cache:
            return 3;
        case Ink::bar:
        case Ink::used:
            return 1;
        default:
            return 2;
    }
}
std::string_view class_of(Stroke stroke) {
    switch (stroke) {
        case Stroke::route:
            return "route";
        case Stroke::entry:
            return "entry";
        case Stroke::same_worker:
            return "same-worker";
        case Stroke::rule:
            return "rule";
    }
    return "";
}

// Two digits behind the point are finer than any printer.
std::string number(double value) {
    std::string text = fmt::format("{:.2f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
}
std::string place(Point p) {
    return number(p.x) + ' ' + number(p.y);
}
// From a towards b, so far.
Point towards(Point a, Point b, double far) {
    const double length = std::hypot(b.x - a.x, b.y - a.y);
    if (length == 0) return a;
    return {a.x + (b.x - a.x) * far / length, a.y + (b.y - a.y) * far / length};
}

void add_box(std::string& out, const Box& box) {
    const std::string about =
        box.about.empty() ? "/>\n" : "><title>" + xml_text(box.about) + "</title></rect>\n";
    out += fmt::format(R"(<rect class="{}{}" x="{}" y="{}" width="{}" height="{}" rx="{}"{})",
                       class_of(box.ink), box.is_slow ? " slow" : "", number(box.at.x),
                       number(box.at.y), number(box.at.w), number(box.at.h),
                       number(rounding_of(box.ink)), about);
}

void add_tip(std::string& out, Point before, Point end, bool is_soft) {
    const Point base = towards(end, before, 6);
    const double dx = (end.y - base.y) / 2, dy = (base.x - end.x) / 2;
    out += fmt::format("<path class=\"{}\" d=\"M{} L{} L{} Z\"/>\n", is_soft ? "tip-soft" : "tip",
                       place(end), place({base.x + dx, base.y + dy}),
                       place({base.x - dx, base.y - dy}));
}

// Corners are rounded; all lines but rules end in a tip.
void add_line(std::string& out, const Line& line) {
    std::vector<Point> points;
    for (const Point& p : line.points)
        if (points.empty() || points.back().x != p.x || points.back().y != p.y) points.push_back(p);
    if (points.size() < 2) return;
    const bool has_tip = line.stroke != Stroke::rule;
    const Point before = points[points.size() - 2], end = points.back();
    if (has_tip) points.back() = towards(end, before, 4);
    std::string path = "M" + place(points[0]);
    for (std::size_t i = 1; i + 1 < points.size(); ++i) {
        const Point a = points[i - 1], b = points[i], c = points[i + 1];
        const double round = std::min(
            {3.5, std::hypot(b.x - a.x, b.y - a.y) / 2, std::hypot(c.x - b.x, c.y - b.y) / 2});
        path += " L" + place(towards(b, a, round)) + " Q" + place(b) + ' ' +
                place(towards(b, c, round));
    }
    out += fmt::format("<path class=\"{}\" d=\"{} L{}\"/>\n", class_of(line.stroke), path,
                       place(points.back()));
    if (has_tip) add_tip(out, before, end, line.stroke == Stroke::same_worker);
}

void add_sign(std::string& out, const Sign& sign) {
    const std::string_view ink = sign.on_dark ? "#fff" : "#1b2733";
    const auto disc = [&](double radius, std::string_view fill) {
        out += fmt::format(R"(<circle cx="{}" cy="{}" r="{}" fill="{}" stroke="{}"/>)",
                           number(sign.at.x), number(sign.at.y), number(radius), fill, ink);
        out += '\n';
    };
    const double r = sign.radius - 0.5;
    disc(r, sign.wait == Wait::spin ? ink : "none");
    if (sign.wait == Wait::yield) disc(r * 0.3, ink);
    if (sign.wait == Wait::spin_then_futex)
        out += fmt::format("<path d=\"M{} A{} {} 0 0 0 {} Z\" fill=\"{}\"/>\n",
                           place({sign.at.x, sign.at.y - r}), number(r), number(r),
                           place({sign.at.x, sign.at.y + r}), ink);
}

void add_label(std::string& out, const Label& label) {
    std::string classes = label.is_bold ? "bold" : "";
    if (label.tone == Tone::soft) classes += classes.empty() ? "soft" : " soft";
    if (label.tone == Tone::light) classes += classes.empty() ? "light" : " light";
    if (!classes.empty()) classes = " class=\"" + classes + '"';
    const bool is_right = label.side == Side::right;
    const double x = label.side == Side::left ? label.at.x
                     : is_right               ? label.at.right()
                                              : label.at.x + label.at.w / 2;
    const std::string_view anchor = label.side == Side::left ? ""
                                    : is_right               ? " text-anchor=\"end\""
                                                             : " text-anchor=\"middle\"";
    out += fmt::format(R"(<text{}{} x="{}" y="{}" font-size="{}">{}</text>)", classes, anchor,
                       number(x), number(label.at.y + label.size), number(label.size),
                       xml_text(label.text));
    out += '\n';
}

// Bytes of the character that begins at `at`; 0 where it is no UTF-8, or XML does not allow it.
std::size_t character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const unsigned first = byte(at);
    if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' ? 1 : 0;
    const std::size_t n = first >= 0xf0 && first < 0xf5   ? 4
                          : first >= 0xe0 && first < 0xf0 ? 3
                          : first >= 0xc2 && first < 0xe0 ? 2
                                                          : 0;
    if (n == 0) return 0;
    std::uint32_t code = first & (0xffu >> (n + 1));
    for (std::size_t i = 1; i < n; ++i) {
        if ((byte(at + i) & 0xc0) != 0x80) return 0;
        code = code << 6 | (byte(at + i) & 0x3f);
    }
    const bool is_long = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000);
    const bool is_none = (0xd800 <= code && code < 0xe000) || code == 0xfffe || code == 0xffff;
    return is_long || is_none || code > 0x10ffff ? 0 : n;
}

}  // namespace

std::string xml_text(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t n = character_at(text, at);
        const char c = text[at];
        if (n == 0)
            out += '?';
        else if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += text.substr(at, n);
        at += std::max<std::size_t>(n, 1);
    }
    return out;
}

std::string svg_of(const Board& b, std::span<const PlannedUse> uses) {
    const Picture p = picture_of(b, uses);
    std::string out = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\" role=\"img\" aria-labelledby=\"title desc\">\n"
        "<title id=\"title\">{2}</title>\n<desc id=\"desc\">{3}</desc>\n"
        "<defs><style>{4}</style>{5}</defs>\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        number(std::ceil(p.w)), number(std::ceil(p.h)), xml_text(p.title), xml_text(p.description),
        style, hatch);
    for (const Box& box : p.boxes) add_box(out, box);
    for (const Line& line : p.lines) add_line(out, line);
    for (const Sign& sign : p.signs) add_sign(out, sign);
    for (const Label& label : p.labels) add_label(out, label);
    return out + "</svg>\n";
}

}  // namespace stator::tools
