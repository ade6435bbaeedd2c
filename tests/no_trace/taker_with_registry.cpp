// tests/no_trace/taker_with_registry.cpp - what a worker does with tasks, with a registry.
#include <stator/core/task_taker.hpp>

template class stator::TaskTaker<stator::Intake<64, 64, 2>, stator::RunRing<256>,
                                 stator::Registry<1024>, true>;
