// tests/weave/weave/trace.hpp - the steps of one run, as lines that a person can follow.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "where.hpp"

namespace weave {

class Trace {
public:
    void add(unsigned thread, std::uint32_t step, const Where& where, std::string text);
    // The last `most` lines, and how many were left out.
    [[nodiscard]] std::string text(std::size_t most = 60) const;

private:
    std::vector<std::string> lines_;
    unsigned last_thread_ = UINT32_MAX;
};

// "core/inbox.hpp:123"
[[nodiscard]] std::string text(const Where& where);

}  // namespace weave
