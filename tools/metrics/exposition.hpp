// tools/metrics/exposition.hpp - pictures of schedulers in the text format that Prometheus reads.
//
// One family after the other, with HELP and TYPE, and in each the samples of all schedulers.
// Whatever the pictures hold, no series comes twice, and every label is printable ASCII.
//
// Histograms have buckets and a count, and no sum: the schedulers record none, and one that is
// reckoned from buckets would look exact. The format and promtool allow that; what is lost is the
// mean. Quantiles come from histogram_quantile().
//
// Source     prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4 of the text format.
#pragma once
#include <span>
#include <string>

#include "top/view_reader.hpp"

namespace stator::metrics {

// One scheduler.
struct Source {
    top::Snapshot picture;
    std::string view;  // the name of its file
};

// A label `view` tells schedulers apart whose boards have the same name; elsewhere it is left out.
[[nodiscard]] std::string exposition_of(std::span<const Source> sources);

}  // namespace stator::metrics
