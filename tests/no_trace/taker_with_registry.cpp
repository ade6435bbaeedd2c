// tests/no_trace/taker_with_registry.cpp - the code that runs tasks, with a registry.
#include <stator/core/task_taker.hpp>

template class stator::TaskTaker<stator::Inbox<stator::TaskBody, 64, 64>, stator::Registry<1024>>;
