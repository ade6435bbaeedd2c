// tools/metrics/command.cpp - `stator metrics`: finds schedulers and prints one exposition of them.
#include "metrics/command.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "metrics/exposition.hpp"
#include "top/choose.hpp"
#include "top/view_reader.hpp"

namespace stator::metrics {

int run_metrics(const MetricsOptions& options) {
    constexpr std::string_view this_command = "stator metrics";
    const std::vector<top::View> views = top::choose_views(options.pid, this_command);
    if (views.empty()) return top::exit_nothing;
    std::vector<Source> sources;
    sources.reserve(views.size());
    for (const top::View& view : views)
        sources.push_back(
            {.picture = view.look(), .view = std::string(top::file_name(view.path()))});
    return top::write_out(exposition_of(sources), this_command) ? top::exit_shown
                                                                : top::exit_unwritten;
}

}  // namespace stator::metrics
