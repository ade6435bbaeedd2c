// tools/top/render.hpp - a picture of a scheduler as tables for people, and as JSON.
#pragma once
#include <string>

#include <stator/core/report.hpp>

#include "top/view_reader.hpp"

namespace stator::top {

// "first > last" of its stages.
[[nodiscard]] std::string pipeline_name(const LineReport& line);

// Tables of what there is. Rates and busy shares are those since `before`, an earlier picture of
// the same scheduler, or since its start where that is nullptr.
[[nodiscard]] std::string text_of(const Snapshot& now, const Snapshot* before);

// One JSON object and a new line; see tests/top/check_top for its keys.
[[nodiscard]] std::string json_of(const Snapshot& now);

}  // namespace stator::top
