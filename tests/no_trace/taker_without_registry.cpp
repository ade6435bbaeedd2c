// tests/no_trace/taker_without_registry.cpp - what a worker does with tasks, without a registry.
#include <stator/core/task_taker.hpp>

template class stator::TaskTaker<stator::Intake<64, 64, 2>, stator::RunRing<256>, void, true>;
