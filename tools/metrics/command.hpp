// tools/metrics/command.hpp - `stator metrics`: what running schedulers do, for Prometheus.
#pragma once

namespace stator::metrics {

struct MetricsOptions {
    int pid = 0;  // of the process whose schedulers are printed; 0: of all
};

// Exit code: 0; 1 the output could not be written; 3 there is no scheduler to show.
int run_metrics(const MetricsOptions& options);

}  // namespace stator::metrics
