// tools/bench/tbb_absent.cpp - built instead of tbb_columns.cpp where oneTBB is not installed.
#include "bench/columns.hpp"

namespace stator::bench {

std::span<const Column> tbb_columns() {
    return {};
}

std::string_view tbb_absence() {
    return "tbb.enqueue and tbb.group are absent, as this was built without oneTBB; install "
           "libtbb-dev and configure again";
}

}  // namespace stator::bench
