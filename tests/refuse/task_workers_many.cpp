// refused: machine.nodes[at] has more than 48 workers with .tasks; take it from some
#include <array>

#include "base.hpp"

using namespace refuse;
struct Names {
    char text[49][4]{};
};
constexpr Names names = [] {
    Names n;
    for (int i = 0; i < 49; ++i) {
        n.text[i][0] = 'w';
        n.text[i][1] = static_cast<char>('0' + i / 10);
        n.text[i][2] = static_cast<char>('0' + i % 10);
    }
    return n;
}();
constexpr auto crowd = [] {
    std::array<Worker, 49> all{};
    for (std::size_t i = 0; i < 49; ++i) {
        all[i].name = names.text[i];
        all[i].cpu = 1;
        all[i].tasks = true;
        all[i].wait = Wait::futex;
    }
    return all;
}();
constexpr Board broken = with(crowd);
static_assert(board_is_sound<broken>);
