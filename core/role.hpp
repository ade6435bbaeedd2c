// core/role.hpp - the roles of parallel stages, and who runs a role on a board.
#pragma once
#include <cstddef>
#include <string_view>

#include <stator/core/board.hpp>

namespace stator {

// The role of one lane, `flows.3`, as a value that lives on the stack while it compiles.
struct RoleText {
    char text[64]{};
    std::size_t size = 0;

    constexpr RoleText(std::string_view role, std::size_t lane, std::size_t width) {
        for (const char c : role.substr(0, sizeof text - 4)) text[size++] = c;
        if (width == 1) return;
        text[size++] = '.';
        if (lane >= 10) text[size++] = '1';
        text[size++] = static_cast<char>('0' + lane % 10);
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text, size}; }
};

// The position of the worker that runs lane `lane` of stage S; refuses to compile where there is
// none.
template <const Board& b, typename S, std::size_t lane>
constexpr int worker_running() {
    constexpr RoleText role(S::role, lane, S::width);
    constexpr int worker = b.worker_of(role.view());
    static_assert(
        worker >= 0,
        "no worker of the board runs this stage's role; add the role to a worker's .roles, "
        "or give one worker every_other_role");
    return worker;
}

}  // namespace stator
