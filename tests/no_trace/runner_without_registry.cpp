// tests/no_trace/runner_without_registry.cpp - the code that runs one task, without a registry.
#include <stator/core/task_runner.hpp>

template class stator::TaskRunner<void, true>;
