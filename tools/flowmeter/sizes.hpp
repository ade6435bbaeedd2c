// tools/flowmeter/sizes.hpp - how much the flowmeter can remember.
#pragma once
#include <cstddef>

namespace stator::flowmeter {

// Slots of the flow table of one node: 65,536 * 7/8 = 57,344 flows, 6 MiB, and 7 MiB of digests.
inline constexpr std::size_t flow_slots = 65'536;

}  // namespace stator::flowmeter
