// tests/weave/weave/engine_wait.cpp - futex, spin hint and clock; who goes on when, fairly.
#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "engine.hpp"

namespace weave {

// ---- Fairness: who spins does not keep others waiting for ever ----
// Source: M. Musuvathi, S. Qadeer, "Fair Stateless Model Checking", PLDI 2008.

void Engine::disable() {
    const std::uint32_t others = ~(std::uint32_t{1} << current_);
    enabled_ &= others;
    for (unsigned i = 0; i < count_; ++i) {
        threads_[i].others_enabled &= others;
        threads_[i].gives_way_to &= others;
    }
}

void Engine::enable(unsigned thread) {
    threads_[thread].state = State::ready;
    enabled_ |= std::uint32_t{1} << thread;
}

void Engine::note_turn(unsigned thread) {
    const std::uint32_t bit = std::uint32_t{1} << thread;
    for (unsigned i = 0; i < count_; ++i) {
        threads_[i].others_ran |= bit;
        threads_[i].gives_way_to &= ~bit;
    }
}

// At a spin hint.
void Engine::give_way() {
    Thread& t = me();
    t.gives_way_to = t.others_enabled & ~t.others_ran;
    t.others_enabled = enabled_ & ~(std::uint32_t{1} << current_);
    t.others_ran = 0;
}

// ---- Waiting ----

void Engine::futex_wait(Location& at, std::uint32_t expected, Where where) {
    share(at);
    check_alive(at, where);
    point(Concern::some, where);
    count_step(where);
    const StoreId id = memory_.newest(at);
    const auto value = static_cast<std::uint32_t>(saw(at, id, Order::relaxed));
    const bool sleeps = value == expected && ask_within(spurious_left_, Kind::spurious, 2) == 0;
    at.sleeps = mix(at.sleeps, me().history);
    happens(mix(at.sleeps, memory_[id].hash + (sleeps ? 1 : 0)));
    if (traces(at))
        note(where, std::string("futex_wait: ") + (sleeps              ? "sleeps"
                                                   : value == expected ? "returns for no reason"
                                                                       : "the value has changed"));
    if (!sleeps) return;
    me().sleeps_on = &at;
    stop_until_picked(State::sleeping, where);
}

void Engine::futex_wake(Location& at, int count, Where where) {
    if (quiet_) return;  // nobody sleeps yet
    share(at);
    check_alive(at, where);
    point(Concern::some, where);
    count_step(where);
    int woken = 0;
    for (; woken < count; ++woken) {
        std::array<std::uint8_t, threads_max> list;
        unsigned n = 0;
        for (unsigned i = 0; i < count_; ++i)
            if (threads_[i].state == State::sleeping && threads_[i].sleeps_on == &at)
                list[n++] = static_cast<std::uint8_t>(i);
        if (n == 0) break;
        const unsigned who = list[n == 1 ? 0 : ask(Kind::waiter, n)];
        if (n > 1) ++me().own_steps;  // one decision a step
        enable(who);
        happens(who);
    }
    at.sleeps = mix(at.sleeps, me().history);
    happens(at.sleeps);
    if (traces(at)) note(where, "futex_wake: wakes " + std::to_string(woken));
}

// Whether another look would be worth it: another thread has stored to something that this one has
// read, or it was deceived.
bool Engine::has_news(const Thread& thread) {
    if (thread.read.empty() || thread.deceived) return true;
    for (const Seen& seen : thread.read) {
        if (seen.moved) return true;
        const StoreId newest = memory_.newest(*seen.at);
        if (newest != seen.store && &threads_[memory_[newest].thread % threads_max] != &thread)
            return true;
    }
    return false;
}

// Time passes in a spin: what has been read is not read stale again.
void Engine::read_afresh(Thread& thread) {
    for (const Seen& seen : thread.read) {
        Store& newest = memory_[memory_.newest(*seen.at)];
        Tick& tick = newest.seen.at[current_];
        tick = std::min(tick, thread.now.seen.at[current_]);
        happens(newest.hash);
    }
    thread.read.clear();
    thread.deceived = false;
}

void Engine::wake_spinners(const Location& at) {
    for (std::uint32_t left = spinning_; left != 0; left &= left - 1) {
        const auto i = static_cast<unsigned>(std::countr_zero(left));
        Thread& t = threads_[i];
        const bool concerns =
            std::any_of(t.read.begin(), t.read.end(), [&](const Seen& s) { return s.at == &at; });
        if (!concerns || i == current_) continue;
        spinning_ &= ~(std::uint32_t{1} << i);
        enable(i);
    }
}

void Engine::relax(Where where) {
    if (starting_)
        arrive(where);
    else
        maybe_crash(where);
    count_step(where);
    give_way();
    const bool news = has_news(me());
    happens(news ? 'n' : 's');
    stop_until_picked(news ? State::ready : State::spinning, where);
    read_afresh(me());
}

std::uint64_t Engine::now() {
    return quiet_ ? 0 : ++me().now.time;
}

void Engine::sleep_until(std::uint64_t time, Where where) {
    arrive(where);
    count_step(where);
    happens(time);
    if (trace_ != nullptr) note(where, "sleeps until " + std::to_string(time));
    stop_until_picked(State::ready, where);
    me().now.time = std::max(me().now.time, time);
}

unsigned Engine::choose(unsigned n) {
    if (quiet_ || n < 2) return 0;
    ++me().own_steps;
    const unsigned taken = ask(Kind::environment, n);
    happens(taken);
    return taken;
}

}  // namespace weave
