// tests/weave/weave/where.hpp - the place in the source that makes a call.
//
// What std::source_location is for, which clang 14 does not have. Used as a last argument:
// `Where where = Where::current()`.
#pragma once
#include <cstdint>

namespace weave {

class Where {
public:
    [[nodiscard]] static constexpr Where current(const char* file = __builtin_FILE(),
                                                 std::uint32_t line = __builtin_LINE()) {
        Where where;
        where.file_ = file;
        where.line_ = line;
        return where;
    }
    [[nodiscard]] constexpr const char* file_name() const { return file_; }
    [[nodiscard]] constexpr std::uint32_t line() const { return line_; }

private:
    const char* file_ = "";
    std::uint32_t line_ = 0;
};

}  // namespace weave
