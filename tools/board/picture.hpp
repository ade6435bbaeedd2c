// tools/board/picture.hpp - a drawing of a board as plain shapes with places: boxes inside boxes,
// labels, lines and signs. Whoever writes it out decides nothing any more.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "board/layout.hpp"

namespace stator::tools {

struct Point {
    double x = 0, y = 0;
};
struct Rect {
    double x = 0, y = 0, w = 0, h = 0;

    [[nodiscard]] double right() const { return x + w; }
    [[nodiscard]] double bottom() const { return y + h; }
};

enum class Ink {
    package,
    node,
    bare_node,  // without cpus
    cache,
    core,
    stage_cpu,  // a worker with stages sits there
    task_cpu,   // workers for tasks only
    house_cpu,  // Linux
    unused_cpu,
    bar,   // the budget of a node
    used,  // what of it is used
    stop,  // a stage on its worker
    caller,
    cell,  // of the table of distances, from near to far
    cell_far,
    cell_farther,
};
struct Box {
    Rect at;
    Ink ink = Ink::core;
    int parent = -1;  // position of the box that it lies in, or -1
    int cpu = -1;     // of the cpu that it is
    bool is_slow = false;
    std::string about{};  // what a pointer on it is told
};

enum class Tone { dark, soft, light };    // light: on a dark box
enum class Side { left, middle, right };  // where a text is held: the rest depends on the font
struct Label {
    Rect at;  // at least as large as the text, in the usual fonts
    std::string text;
    double size = 10;
    bool is_bold = false;
    Tone tone = Tone::dark;
    Side side = Side::left;
    int box = -1;  // that it lies in, or -1
};

enum class Stroke { route, entry, same_worker, rule };
struct Line {
    std::vector<Point> points;
    Stroke stroke = Stroke::rule;
};

// How a worker waits, as a small disc: full never sleeps, empty sleeps at once.
struct Sign {
    Point at;
    double radius = 3;
    Wait wait = Wait::futex;
    bool on_dark = false;
};

struct Picture {
    double w = 0, h = 0;
    std::string title, description;
    std::vector<Box> boxes;
    std::vector<Label> labels;
    std::vector<Line> lines;
    std::vector<Sign> signs;

    // Adds a box and gives its position.
    int add(const Box& box);
    // A text whose upper end, on that side, is at `at`; cut off where it is wider than `most`.
    // Gives its width.
    double write(Point at, std::string_view text, double size, double most, int box = -1,
                 Tone tone = Tone::dark, bool is_bold = false, Side side = Side::left);
    // The same held at its right end, and only where all of it has room.
    double write_left_of(Point at, std::string_view text, double size, double most, int box,
                         Tone tone);
    // Takes over all shapes of a part, moved.
    void take(Picture part, double dx, double dy);
};

// No less than what Helvetica and its kind take.
[[nodiscard]] double text_width(std::string_view text, double size, bool is_bold = false);
inline constexpr double line_height = 1.25;  // of a text of size 1

// The machine with everybody on it, and ways over it; not wider than `w` where that can be.
[[nodiscard]] Picture machine_picture(const Board& b, std::span<const PlannedUse> uses, double w);
// The whole page.
[[nodiscard]] Picture picture_of(const Board& b, std::span<const PlannedUse> uses);

}  // namespace stator::tools
