// tests/weave/weave/trace.cpp - the text of a trace.
#include "trace.hpp"

#include <string_view>

namespace weave {

std::string text(const Where& where) {
    std::string_view file = where.file_name();
    std::size_t at = file.rfind('/');
    if (at != std::string_view::npos && at > 0) at = file.rfind('/', at - 1);
    if (at != std::string_view::npos) file.remove_prefix(at + 1);
    return std::string(file) + ':' + std::to_string(where.line());
}

void Trace::add(unsigned thread, std::uint32_t step, const Where& where, std::string what) {
    std::string line = thread == last_thread_ ? "      " : "T" + std::to_string(thread) + "    ";
    line.resize(6, ' ');
    line += std::to_string(step);
    line.resize(line.size() < 12 ? 12 : line.size() + 1, ' ');
    line += weave::text(where);
    line.resize(line.size() < 44 ? 44 : line.size() + 1, ' ');
    lines_.push_back(line + what);
    last_thread_ = thread;
}

std::string Trace::text(std::size_t most) const {
    std::string whole;
    std::size_t first = 0;
    if (lines_.size() > most) {
        first = lines_.size() - most;
        whole = "      ... " + std::to_string(first) + " steps before\n";
    }
    for (std::size_t i = first; i < lines_.size(); ++i) whole += lines_[i] + '\n';
    return whole;
}

}  // namespace weave
