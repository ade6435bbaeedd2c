// core/sync.cpp - which world this library belongs to.
#include <stator/core/sync.hpp>

namespace stator::sync {

const char world_of_the_product = 'P';
// The explorer's library defines it too; where both are linked this is the linker's second reason.
extern const char only_one_world;
const char only_one_world = 'P';

}  // namespace stator::sync
