// tests/weave/weave/engine_memory.cpp - atomic operations: what a load may return, what a store
// tells.
//
// The model is RC11 as a machine of views, without load buffering. Execution order is the order S
// of sequentially consistent operations. Stores may go below newer ones in modification order, as
// long as coherence allows it; a read-modify-write reads the newest and stands next to it.
// Source: O. Lahav et al., "Repairing Sequential Consistency in C/C++11", PLDI 2017; C++20
// [atomics.order]; for the machine J. Kang et al., "A Promising Semantics for Relaxed-Memory
// Concurrency", POPL 2017, without promises.
#include <algorithm>
#include <array>

#include "engine.hpp"

namespace weave {
namespace {

// So many stores a load can choose from, the newest counted.
constexpr unsigned depth = 8;
// So often a thread reads one store between two spin hints, and then only if it is the newest.
// Memory becomes visible in the end; without this a loop without hint could be deceived for ever.
constexpr unsigned patience = 4;

bool acquires(Order order) {
    return order == Order::acquire || order == Order::acq_rel || order == Order::seq_cst ||
           order == Order::consume;
}
bool releases(Order order) {
    return order == Order::release || order == Order::acq_rel || order == Order::seq_cst;
}
const char* name(Order order) {
    constexpr std::array<const char*, 6> names = {"relaxed", "consume", "acquire",
                                                  "release", "acq_rel", "seq_cst"};
    return names[static_cast<std::size_t>(order)];
}

}  // namespace

void Engine::born(Location& at, std::uint64_t value) {
    at.value = value;
    if (quiet_) return;  // before the threads: everybody knows it
    at.maker = static_cast<std::uint8_t>(current_);
    at.born = next_tick();
}

void Engine::check_alive(Location& at, Where where) {
    if (is_released(&at)) fail("an atomic object is used after its life", where);
    if (at.hidden) fail("an atomic object is touched while it is out of use", where);
    if (at.maker < threads_max && at.maker != current_ && knows().at[at.maker] < at.born)
        fail("race: an atomic object is used by a thread that does not know it was made", where);
}

void Engine::ends(Location& at, Where where) {
    if (quiet_) return;
    (void)concern(at, true);
    Clock used;
    for (StoreId id = at.newest; id != no_store; id = memory_[id].older)
        used.join(memory_[id].used);
    if (!knows().reaches_all(used))
        fail("race: an atomic object is destroyed or put out of use while another thread uses it",
             where);
}

// ---- Loads ----

// Ticks that the current thread cannot go below.
Clock Engine::reach(Order order) const {
    Clock reach = threads_[current_].now.seen;
    if (order == Order::seq_cst) {
        reach.join(fenced_);
        reach.at[Clock::sc] = sc_tick_;
    }
    return reach;
}

// Whether `id` was read so often that it is time to see something newer.
bool Engine::is_worn(const Location& at, StoreId id) const {
    for (const Seen& seen : threads_[current_].read)
        if (seen.at == &at) return seen.store == id && seen.times >= patience;
    return false;
}

// `own`: it is the current thread's own store, and no news.
void Engine::remember_read(Location& at, StoreId id, bool own) {
    const Users* const users = users_of(at);
    if (users != nullptr && !users->other_writers(my_bit())) return;  // there will be no news
    for (Seen& seen : me().read) {
        if (seen.at != &at) continue;
        seen.times = seen.store == id ? seen.times + 1 : 1;
        seen.moved |= seen.store != id && !own;
        seen.store = id;
        return;
    }
    me().read.push_back({.at = &at, .store = id, .times = 1, .moved = false});
}

// The store that a load returns. `unlike`: older ones only with another value than this.
StoreId Engine::choose_store(Location& at, Order order, const std::uint64_t* unlike) {
    std::array<StoreId, depth> candidates;
    candidates[0] = memory_.newest(at);
    if (stale_left_ == 0 || together_left_ == 0) return candidates[0];
    const Clock floor = reach(order);
    unsigned n = 1, walked = 1;
    for (StoreId id = candidates[0]; walked < depth; ++walked) {
        if (floor.reaches_any(memory_[id].seen)) break;
        id = memory_[id].older;
        if (id == no_store || is_worn(at, id)) break;
        if (unlike == nullptr || memory_[id].value != *unlike) candidates[n++] = id;
    }
    return candidates[ask_for_stale(Kind::read, n)];
}

// The current thread has read `id`; the value.
std::uint64_t Engine::saw(Location& at, StoreId id, Order order) {
    Thread& t = me();
    Store& s = memory_[id];
    s.seen.at[current_] = std::min(s.seen.at[current_], t.now.seen.at[current_]);
    s.used.at[current_] = t.now.before.at[current_];
    (acquires(order) ? t.now : t.acquirable).join(s.message);
    happens(mix('r', s.hash));
    remember_read(at, id, false);
    return s.value;
}

std::uint64_t Engine::load(Location& at, Order order, Where where) {
    if (quiet_) return current_value(at);
    order = weakened(order, where);
    check_alive(at, where);
    const Concern whom = concern(at, false);
    if (whom == Concern::none_ever) {
        count_step(where);
        return at.value;
    }
    point(whom, where);
    count_step(where);
    check_alive(at, where);
    const StoreId id = choose_store(at, order, nullptr);
    const std::uint64_t value = saw(at, id, order);
    if (traces(at))
        note(where, std::string("load ") + name(order) + " = " + std::to_string(value) + from(id) +
                        (id == at.newest ? "" : ", STALE"));
    return value;
}

// ---- Stores ----

// A store by the current thread. `changed`: what it is a read-modify-write of, or no_store.
StoreId Engine::add_store(std::uint64_t value, Order order, StoreId changed) {
    const StoreId id = memory_.add(value);
    const Thread& t = me();
    Store& s = memory_[id];
    s.step = steps_;
    s.thread = static_cast<std::uint8_t>(current_);
    s.message = releases(order) ? t.now : t.released;
    if (changed != no_store) {
        s.chained = true;
        s.message.join(memory_[changed].message);  // the release sequence goes on
    }
    s.seen.at[current_] = t.now.seen.at[current_];
    s.used.at[current_] = t.now.before.at[current_];
    if (order == Order::seq_cst) {
        s.seen.at[Clock::sc] = ++sc_tick_;
        happens(mix('f', sc_history_));
        sc_history_ = t.history;
    }
    return id;
}

// The new store `id` stands above `below` in modification order.
void Engine::settle(StoreId id, StoreId below) {
    memory_[id].older = below;
    happens(mix('s', memory_[below].hash));
    memory_[id].hash = me().history;
}

void Engine::changed(Location& at, StoreId id) {
    settle(id, at.newest);
    at.newest = id;
    fruitless_ = 0;
    remember_read(at, id, true);
    if (spinning_ != 0) wake_spinners(at);
}

void Engine::store(Location& at, std::uint64_t value, Order order, Where where) {
    if (quiet_) {
        (at.newest == no_store ? at.value : memory_[at.newest].value) = value;
        return;
    }
    order = weakened(order, where);
    check_alive(at, where);
    const Concern whom = concern(at, true);
    if (whom == Concern::none_ever) {
        count_step(where);
        at.value = value;
        return;
    }
    point(whom, where);
    count_step(where);
    check_alive(at, where);
    // How far down it could go: below stores that this thread has not seen, and not into a chain.
    const Clock floor = reach(order);
    std::array<StoreId, depth> above;  // for each place the store just above it
    unsigned n = 1, walked = 1;
    for (StoreId s = memory_.newest(at); walked < depth; s = memory_[s].older, ++walked) {
        if (floor.reaches_any(memory_[s].seen)) break;
        if (!memory_[s].chained) above[n++] = s;
    }
    const unsigned place = ask_for_stale(Kind::place, n);
    const StoreId id = add_store(value, order, no_store);
    if (traces(at))
        note(where, std::string("store ") + name(order) + ' ' + std::to_string(value) +
                        (place == 0 ? "" : ", BELOW newer ones in modification order"));
    if (place == 0) return changed(at, id);
    Store& next = memory_[above[place]];
    settle(id, next.older);
    next.older = id;
    happens(next.hash);
}

// ---- Both ----

std::uint64_t Engine::begin_change(Location& at, Where where) {
    changes_private_ = quiet_;
    if (quiet_) return current_value(at);
    check_alive(at, where);
    changes_private_ = concern(at, true) == Concern::none_ever;
    if (changes_private_) {
        count_step(where);
        return at.value;
    }
    point(Concern::some, where);
    changes_private_ = false;  // another thread's change may have come between
    count_step(where);
    check_alive(at, where);
    return memory_[memory_.newest(at)].value;
}

void Engine::end_change(Location& at, std::uint64_t value, Order order, Where where) {
    if (changes_private_) {
        (at.newest == no_store ? at.value : memory_[at.newest].value) = value;
        return;
    }
    order = weakened(order, where);
    const StoreId old = at.newest;
    const std::uint64_t before = saw(at, old, order);
    const StoreId id = add_store(value, order, old);
    if (traces(at))
        note(where, std::string("change ") + name(order) + ' ' + std::to_string(before) + " -> " +
                        std::to_string(value) + from(old));
    changed(at, id);
}

bool Engine::compare_exchange(Location& at, std::uint64_t& expected, std::uint64_t desired,
                              bool weak, Order success, Order failure, Where where) {
    const std::uint64_t now = begin_change(at, where);
    const auto fails_for_no_reason = [&] {
        const bool fails = weak && !quiet_ && ask_within(spurious_left_, Kind::spurious, 2) != 0;
        me().deceived |= fails;
        return fails;
    };
    if (changes_private_) {
        if (now == expected && fails_for_no_reason())
            return happens(mix('f', me().own_steps)), false;
        if (now == expected) end_change(at, desired, success, where);
        return now == expected || (expected = now, false);
    }
    failure = weakened(failure, where, true);
    StoreId id = choose_store(at, failure, &expected);
    const bool fits = memory_[id].value == expected;
    if (fits && !fails_for_no_reason()) {
        end_change(at, desired, success, where);
        return true;
    }
    const std::uint64_t value = saw(at, id, failure);
    if (traces(at))
        note(where, std::string("compare ") + name(failure) + " fails" +
                        (fits ? " for no reason" : ", it is " + std::to_string(value)) + from(id) +
                        (id == at.newest ? "" : ", STALE"));
    expected = value;
    return false;
}

void Engine::fence(Order order, Where where) {
    if (quiet_) return;
    if (order == Order::seq_cst) point(Concern::some, where);
    count_step(where);
    Thread& t = me();
    if (acquires(order)) t.now.join(t.acquirable);
    if (order == Order::seq_cst) {
        t.now.seen.join(fenced_);
        t.now.seen.at[Clock::sc] = sc_tick_;
        fenced_.join(t.now.seen);
        happens(mix('f', sc_history_));
        sc_history_ = t.history;
    }
    if (releases(order)) t.released = t.now;
    if (trace_ != nullptr) note(where, std::string("fence ") + name(order));
}

// ---- Mutants and traces ----

Order Engine::weakened(Order order, Where where, bool on_failure) {
    if (order == Order::relaxed) return order;
    const Weakening here{.file = where.file_name(),
                         .line = where.line(),
                         .on_failure = on_failure,
                         .from = order,
                         .to = order};
    if (orders_seen != nullptr &&
        std::none_of(orders_seen->begin(), orders_seen->end(),
                     [&](const Weakening& known) { return known.is_at(here); }))
        orders_seen->push_back(here);
    return weakening.is_at(here) ? weakening.to : order;
}

std::string Engine::from(StoreId id) {
    const Store& s = memory_[id];
    if (s.thread == threads_max) return ", the first value";
    return ", of T" + std::to_string(s.thread) + " step " + std::to_string(s.step);
}

void Engine::note(Where where, std::string what) {
    trace_->add(current_, steps_, where, std::move(what));
}

}  // namespace weave
