// tests/weave/weave/memory.hpp - what an atomic object holds: its stores, in modification order.
//
//    newest -> store -> store -> ... -> the first        `older` leads down the modification order
//
// A load may return the newest store, or an older one as long as the reader does not know of a
// later one. What a reader knows is written at the stores: `seen.at[u]` is the tick at which thread
// u first read or wrote it. A reader that knows one of these ticks cannot go below that store.
#pragma once
#include <cstdint>
#include <vector>

#include "clock.hpp"
#include "where.hpp"

namespace weave {

using StoreId = std::uint32_t;
inline constexpr StoreId no_store = 0;

struct Store {
    std::uint64_t value = 0;
    StoreId older = no_store;
    std::uint32_t step = 0;             // of the run, for traces; 0: the initial value
    std::uint8_t thread = threads_max;  // who stored it; threads_max: nobody, it was there first
    bool chained = false;               // it changes the store below, nothing fits between
    std::uint64_t hash = 0;             // of the event that stored it, see hash.hpp
    Clock seen;                         // by thread: when it first saw this store, or `never`
    Clock used;                         // by thread: when it last read or wrote it, or 0
    Knowledge message;                  // what an acquire load of this store learns
};

// An atomic object's own part; everything else is in the Memory of a run.
struct Location {
    std::uint64_t value = 0;  // as long as it has no stores: only one thread uses it, or none yet
    StoreId newest = no_store;
    Tick born = 0;  // the maker's tick; its thread follows
    std::uint8_t maker = threads_max;
    std::uint64_t sleeps = 0;  // of the futex calls on it, in their order
    bool hidden = false;       // out of use: nobody may touch it
};

// The stores of one run; forgotten all at once.
class Memory {
public:
    Memory() { stores_.reserve(std::size_t{1} << 16); }
    void forget() { stores_.resize(1); }

    [[nodiscard]] Store& operator[](StoreId id) { return stores_[id]; }
    [[nodiscard]] bool is_full() const { return stores_.size() + 2 >= stores_.capacity(); }

    // The newest store of `at`; its initial value becomes a store that everybody has seen.
    [[nodiscard]] StoreId newest(Location& at) {
        if (at.newest == no_store) {
            at.newest = add(at.value);
            stores_[at.newest].seen = Clock{};
        }
        return at.newest;
    }
    // A store of `value` that stands nowhere yet.
    [[nodiscard]] StoreId add(std::uint64_t value) {
        Store& s = stores_.emplace_back();
        s.value = value;
        s.seen = Clock::all(never);
        return static_cast<StoreId>(stores_.size() - 1);
    }

private:
    std::vector<Store> stores_;  // [0] is no store
};

}  // namespace weave
