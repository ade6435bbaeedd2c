// tests/weave/world/world.cpp - the symbols that say to which world an object belongs.
#include <stator/core/sync.hpp>

namespace stator::sync {

const char world_of_the_explorer = 'E';
// core/sync.cpp defines it too, so that a program has one world.
extern const char only_one_world;
const char only_one_world = 'E';

}  // namespace stator::sync
