// tools/bench/columns.hpp - who has columns: Stator, the references, oneTBB.
#pragma once
#include <span>
#include <string_view>

#include "bench/workload.hpp"

namespace stator::bench {

[[nodiscard]] std::span<const Column> stator_columns();
[[nodiscard]] Places places_of_board();  // the cpus that Stator's columns use, and so the others

[[nodiscard]] std::span<const Column> reference_columns();

[[nodiscard]] std::span<const Column> tbb_columns();
// Which columns are missing and what to do about it; "" where none is.
[[nodiscard]] std::string_view tbb_absence();

}  // namespace stator::bench
