// tools/flowmeter_use.hpp - what the flowmeter puts on the chosen board, for drawings of it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "board/layout.hpp"
#include "flowmeter/meter.hpp"

namespace stator::tools {

// With the pipeline L.
template <typename L>
PlannedUse flowmeter_use(std::string_view title) {
    static constexpr const auto& plan = flowmeter::SchedulerFor<L>::plan;
    static constexpr auto bytes = [] {
        std::array<std::uint64_t, nodes_max> all{};
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = plan.bytes_of(i);
        return all;
    }();
    return {.title = title, .pieces = plan.pieces, .node_bytes = bytes};
}
inline PlannedUse capture_file_use() {
    return flowmeter_use<flowmeter::FileLine>("flowmeter on a capture file");
}
inline PlannedUse interface_use() {
    return flowmeter_use<flowmeter::LiveLine>("flowmeter on an interface");
}

}  // namespace stator::tools
