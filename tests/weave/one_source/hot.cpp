// tests/weave/one_source/hot.cpp - hot functions of core, to be looked at as object code.
#include <cstddef>
#include <cstdint>

#include <stator/core/counter.hpp>
#include <stator/core/idle.hpp>
#include <stator/core/overwriting_ring.hpp>
#include <stator/core/spsc_ring.hpp>
#include <stator/core/wait_word.hpp>

using Item = std::uint64_t;
using Ring = stator::SpscRing<Item, 64>;
using Lossy = stator::OverwritingRing<Item, 64>;

extern "C" {
bool hot_push(Ring& ring, const Item& item) {
    return ring.push(item);
}
bool hot_pop(Ring& ring, Item& item) {
    return ring.pop(item);
}
std::size_t hot_push_burst(Ring& ring, const Item* items, std::size_t n) {
    return ring.push_burst({items, n});
}
void hot_overwrite(Lossy& ring, const Item& item) {
    ring.push(item);
}
bool hot_pop_lossy(Lossy& ring, Item& item) {
    return ring.pop(item);
}
void hot_notify(stator::WaitWord& word) {
    word.notify();
}
void hot_sleep(stator::WaitWord& word) {
    word.announce();
    word.sleep();
}
std::size_t hot_wake(stator::IdleWorkers& idle) {
    return idle.wake(1, {}, stator::WokenBy::outside);
}
void hot_count(stator::Counter& counter) {
    counter.add();
}
}
