// tests/weave/weave/engine.cpp - who goes on, who sleeps, and how a run ends.
#include "engine.hpp"

#include <algorithm>

namespace weave {

Engine& Engine::make() {
    static Engine engine;
    one_ = &engine;
    return engine;
}

Engine::Engine()
    : arena_(std::make_unique<std::byte[]>(model_bytes + heap_bytes + 64)),
      users_(model_bytes / 8),
      released_(heap_bytes / 8) {}

void Engine::forget_what_was_learned() {
    std::fill(users_.begin(), users_.end(), Users{});
}

// ---- A run ----

End Engine::run(const Program& program, Strategy& strategy, const Limits& limits,
                Decisions decisions, Trace* trace) {
    program_ = &program;
    strategy_ = &strategy;
    limits_ = limits;
    decisions_ = decisions;
    trace_ = trace;
    strategy.begin();
    try {
        set_up(program);
        start_threads();
        if (end_ == End::passed) finish_model();
    } catch (const Failed&) {
    }
    quiet_ = true;
    return end_;
}

void Engine::set_up(const Program& program) {
    memory_.forget();
    count_ = static_cast<unsigned>(program.threads.size());
    enabled_ = (std::uint32_t{1} << count_) - 1;
    spinning_ = 0;
    quiet_ = true;
    crashed_ = looking_ = false;
    steps_ = fruitless_ = 0;
    preemptions_left_ = limits_.preemptions;
    stale_left_ = limits_.stale_reads;
    spurious_left_ = limits_.spurious;
    together_left_ = limits_.together;
    sc_tick_ = 0;
    sc_history_ = heap_history_ = 0;
    fenced_ = Clock{};
    end_ = End::passed;
    exceptions_.clear();
    allocations_.clear();
    std::fill_n(released_.begin(), (allocated_ + 7) / 8, std::uint8_t{0});
    allocated_ = 0;
    for (unsigned i = 0; i < count_; ++i) {
        Thread& t = threads_[i];
        t.state = State::ready;
        t.now = t.released = t.acquirable = Knowledge{};
        t.own_steps = 0;
        t.history = i;
        t.others_enabled = t.others_ran = t.gives_way_to = 0;
        t.read.clear();
        t.deceived = false;
        t.fiber.start(stacks_[i], thread_body);
    }
    program.make(arena());
}

// Every thread comes up to its first step, then one is picked. Returns when the run is over.
void Engine::start_threads() {
    quiet_ = false;
    starting_ = true;
    for (current_ = 0; current_ < count_ && end_ == End::passed; ++current_)
        Fiber::change(search_, me().fiber);
    starting_ = false;
    current_ = count_ - 1;  // so that the first alternative is thread 0
    unsigned first = 0;
    if (end_ == End::passed && pick(false, first)) {
        current_ = first;
        Fiber::change(search_, me().fiber);
    }
    quiet_ = true;
}

void Engine::finish_model() {
    if (program_->finish != nullptr) program_->finish(arena());
    program_->unmake(arena());
    if (!crashed_) check_leaks();
}

void Engine::check_leaks() {
    for (const Allocation& a : allocations_)
        if (a.alive)
            fail("leak: nobody has destroyed an object of " + std::to_string(a.bytes) +
                     " bytes that T" + std::to_string(a.thread) + " created",
                 Where::current());
}

void Engine::thread_body() {
    Fiber::arrived();
    Engine& engine = the();
    engine.program_->threads[engine.current_](engine.arena());
    engine.stop_until_picked(State::ended, Where::current());
}

void Engine::back_to_search() {
    Fiber::change(me().fiber, search_, true);
}

void Engine::fail(std::string what, Where where) {
    end_ = End::failed;
    failure_ = std::move(what);  // nothing is destroyed on a stack that is left
    if (trace_ != nullptr) trace_->add(current_, steps_, where, "FAILS: " + failure_);
    if (quiet_ && !looking_) throw Failed{};
    back_to_search();
    __builtin_unreachable();
}

// ---- Decisions ----

unsigned Engine::ask(Kind kind, unsigned n, std::span<const std::uint8_t> threads) {
    const Place at{.thread = current_, .step = me().own_steps};
    const unsigned taken = strategy_->choose(kind, at, n, threads);
    if (taken > 0)
        exceptions_.push_back(
            {.kind = kind, .at = at, .taken = threads.empty() ? taken : threads[taken]});
    return taken;
}

unsigned Engine::ask_within(unsigned& left, Kind kind, unsigned n) {
    if (n < 2 || left == 0) return 0;
    const unsigned taken = ask(kind, n);
    if (taken > 0) spend(left);
    return taken;
}

unsigned Engine::ask_for_stale(Kind kind, unsigned n) {
    if (together_left_ == 0) return 0;
    const unsigned taken = ask_within(stale_left_, kind, n);
    if (taken > 0) spend(together_left_);
    return taken;
}

// The alternatives: the current thread, where it can go on, then the others from the next one on.
unsigned Engine::list_enabled(bool can_go_on, std::uint8_t* list) const {
    unsigned n = 0;
    if (can_go_on) list[n++] = static_cast<std::uint8_t>(current_);
    if (can_go_on && (preemptions_left_ == 0 || together_left_ == 0)) return n;
    for (unsigned i = 1; i <= count_; ++i) {
        const unsigned thread = (current_ + i) % count_;
        if (can_go_on && thread == current_) continue;
        if ((enabled_ >> thread & 1) != 0 && threads_[thread].gives_way_to == 0)
            list[n++] = static_cast<std::uint8_t>(thread);
    }
    return n;
}

// Where only spinners are left they look some times more: a spin may have an end of its own.
bool Engine::spin_once_more() {
    constexpr unsigned rounds_max = 3;
    if (enabled_ == 0 && (spinning_ == 0 || fruitless_ == rounds_max)) return false;
    ++fruitless_;
    for (unsigned i = 0; i < count_; ++i)
        if ((spinning_ >> i & 1) != 0) threads_[i].state = State::ready;
    enabled_ |= spinning_;
    spinning_ = 0;
    for (Thread& t : threads_) t.gives_way_to = 0;
    return true;
}

bool Engine::pick(bool can_go_on, unsigned& next) {
    std::array<std::uint8_t, threads_max> list;
    unsigned n = list_enabled(can_go_on, list.data());
    if (n == 0 && spin_once_more()) n = list_enabled(can_go_on, list.data());
    if (n == 0) return false;
    const unsigned taken =
        n == 1 ? 0 : ask(can_go_on ? Kind::thread : Kind::next, n, {list.data(), n});
    if (can_go_on && taken > 0) {
        spend(preemptions_left_);
        spend(together_left_);
    }
    next = list[taken];
    note_turn(next);
    return true;
}

// The state of the run, with all that decides what may follow.
std::uint64_t Engine::state() const {
    std::uint64_t s = mix(current_, (std::uint64_t{preemptions_left_} << 32) + stale_left_);
    s = mix(s, (std::uint64_t{spurious_left_} << 32) + together_left_);
    s = mix(s, fruitless_);
    for (unsigned i = 0; i < count_; ++i) {
        const Thread& t = threads_[i];
        s = mix(s, t.history);
        if (t.others_enabled == 0 && t.gives_way_to == 0) continue;
        s = mix(s, t.others_enabled);
        s = mix(s, (std::uint64_t{t.others_ran & t.others_enabled} << 32) + t.gives_way_to);
    }
    return s;
}

void Engine::decide(bool can_go_on) {
    if (strategy_->wants_states() && strategy_->knows(mix(state(), can_go_on ? 1 : 0))) {
        end_ = End::known;
        return back_to_search();
    }
    unsigned next = 0;
    if (!pick(can_go_on, next)) return nobody_can_go_on();
    if (next == current_) return;
    Thread& leaves = me();
    current_ = next;
    Fiber::change(leaves.fiber, threads_[next].fiber);
}

void Engine::nobody_can_go_on() {
    std::string who;
    for (unsigned i = 0; i < count_; ++i) {
        const State state = threads_[i].state;
        if (state == State::ended || state == State::crashed) continue;
        who += ", T" + std::to_string(i) + (state == State::spinning ? " spins" : " sleeps") +
               " at " + text(threads_[i].waits_where);
    }
    // Who sleeps for ever because another thread has crashed may do so; the model's finish decides.
    if (who.empty() || (crashed_ && spinning_ == 0)) return back_to_search();
    fail((spinning_ != 0 ? "livelock: nobody can end a spin" : "deadlock: nobody can wake") + who,
         threads_[current_].waits_where);
}

// ---- Before and after steps ----

void Engine::look() {
    if (program_->step == nullptr) return;
    quiet_ = looking_ = true;
    program_->step(arena());
    quiet_ = looking_ = false;
}

// The current thread is about to do something visible: others may go first.
void Engine::arrive(Where where) {
    if (starting_) {
        Fiber::change(me().fiber, search_);
    } else {
        look();
        decide(true);
    }
    maybe_crash(where);
}

void Engine::maybe_crash(Where where) {
    if (limits_.crash != static_cast<int>(current_) || crashed_) return;
    if (ask(Kind::crash, 2) == 0) return;
    crashed_ = true;
    happens('c');
    if (trace_ != nullptr) note(where, "stops for ever before this");
    stop_until_picked(State::crashed, where);
}

void Engine::point(Concern concern, Where where) {
    if (concern == Concern::some) arrive(where);
    Thread& t = me();
    ++t.now.before.at[current_];
    ++t.now.seen.at[current_];
}

void Engine::count_step(Where where) {
    ++me().own_steps;
    if (++steps_ > limits_.steps)
        fail("livelock: " + std::to_string(limits_.steps) + " steps, and no end", where);
    if (memory_.is_full()) fail("the run has more stores than the explorer keeps", where);
}

// The current thread leaves the stage: it sleeps, spins or has ended.
void Engine::stop_until_picked(State state, Where where) {
    Thread& t = me();
    t.state = state;
    t.waits_where = where;
    if (state == State::ended) {
        happens('e');
        ++t.own_steps;  // one decision a step
    }
    if (state != State::ready) disable();
    if (state == State::spinning) spinning_ |= std::uint32_t{1} << current_;
    if (starting_) return back_to_search();
    look();
    decide(false);
}

Users* Engine::users_of(const Location& at) {
    const auto offset = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&at) - arena());
    return offset < model_bytes ? &users_[offset / 8] : nullptr;
}

// Whom a step of the current thread on `at` concerns, as far as is known.
Concern Engine::concern(const Location& at, bool writes) {
    Users* const users = users_of(at);
    if (users == nullptr) return Concern::some;
    const std::uint8_t bit = my_bit();
    std::uint8_t& mine = writes ? users->writers : users->readers;
    if ((mine & bit) == 0) {
        mine |= bit;
        if (users->others(bit)) learned();
    }
    // A crash between two steps can be seen in the end, whomever they concern.
    const bool may_crash = limits_.crash == static_cast<int>(current_);
    if (decisions_ != Decisions::relevant || may_crash) return Concern::some;
    if (!users->others(bit)) return Concern::none_ever;
    return writes || users->other_writers(bit) ? Concern::some : Concern::none_now;
}

// Steps on `at` that are no loads or stores concern everybody.
void Engine::share(const Location& at) {
    Users* const users = users_of(at);
    if (users == nullptr || users->writers == UINT8_MAX) return;
    users->readers = users->writers = UINT8_MAX;
    learned();
}

void Engine::learned() {
    if (decisions_ == Decisions::rehearsed) return;
    end_ = End::learned;
    back_to_search();
}

// ---- Memory of a run ----

void* Engine::allocate(std::size_t bytes, std::size_t alignment) {
    const std::size_t begin = (allocated_ + alignment - 1) / alignment * alignment;
    if (begin + bytes > heap_bytes)
        fail("the run has created more than the explorer holds", Where::current());
    allocated_ = begin + bytes;
    if (!quiet_) {
        heap_history_ = mix(heap_history_, me().history);
        happens(heap_history_);
    }
    void* const at = arena() + model_bytes + begin;
    allocations_.push_back({.at = at, .bytes = bytes, .thread = current_, .alive = true});
    return at;
}

void Engine::check_created(const void* at, Where where) {
    for (const Allocation& a : allocations_) {
        if (a.at != at) continue;
        if (!a.alive) fail("destroyed twice", where);
        return;
    }
    fail("destroyed, but never created", where);
}

void Engine::release(const void* at) {
    for (Allocation& a : allocations_) {
        if (a.at != at) continue;
        a.alive = false;
        const auto first = static_cast<const std::byte*>(at) - (arena() + model_bytes);
        std::fill_n(released_.begin() + first / 8, (a.bytes + 7) / 8, std::uint8_t{1});
    }
}

bool Engine::is_released(const void* at) {
    const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(at) - arena());
    return offset >= model_bytes && offset < model_bytes + heap_bytes &&
           released_[(offset - model_bytes) / 8] != 0;
}

}  // namespace weave
