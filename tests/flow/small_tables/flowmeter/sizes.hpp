// tests/flow/small_tables/flowmeter/sizes.hpp - the flowmeter's sizes for a test of full tables.
#pragma once
#include <cstddef>

namespace stator::flowmeter {

inline constexpr std::size_t flow_slots = 8;  // 8 * 7/8 = 7 flows a node

}  // namespace stator::flowmeter
