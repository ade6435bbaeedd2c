// tests/weave/weave/weave.hpp - the explorer of interleavings, all of it. See ../README.md.
#pragma once
#include "atomic.hpp"
#include "block.hpp"
#include "explore.hpp"
#include "heap.hpp"
#include "plain.hpp"
