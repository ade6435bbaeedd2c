// tests/no_trace/runner_with_registry.cpp - the code that runs one task, with a registry.
#include <stator/core/task_runner.hpp>

template class stator::TaskRunner<stator::Registry<1024>, true>;
