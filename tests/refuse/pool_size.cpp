// refused: a pool holds 1 to 65535 objects
#include <stator/core/object_pool.hpp>

static stator::ObjectPool<char, 65'536> pool;
