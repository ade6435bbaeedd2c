// tests/no_trace/taker_without_registry.cpp - the code that runs tasks, where the board has none.
#include <stator/core/task_taker.hpp>

template class stator::TaskTaker<stator::Inbox<stator::TaskBody, 64, 64>, void>;
