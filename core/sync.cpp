// core/sync.cpp - the symbol that marks objects built for the product.
#include <stator/core/sync.hpp>

namespace stator::sync {

const char world_of_the_product = 0;

}  // namespace stator::sync
