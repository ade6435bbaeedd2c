// tests/weave/weave/engine.hpp - runs a program once: its threads as fibers, step by step.
//
//   make the model -> every thread up to its first step -> [ decide who goes on -> its step ]* ->
//   all have ended, or nobody can go on -> the model's finish -> unmake it
//
// A step is an atomic operation, a fence, a futex call, a spin hint or a look at the clock. Between
// two steps a thread runs alone. While no thread runs (the model is made, looks after a step, or
// finishes) nothing is a step, and everybody sees the newest of everything.
//
// A step that concerns nobody else needs no decision before it: on an object that only one thread
// uses, or a load of an object that only the loading thread stores to. Which ones those are is
// learned: when another thread comes to an object, the search begins again, and knows.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clock.hpp"
#include "fiber.hpp"
#include "memory.hpp"
#include "strategy.hpp"
#include "trace.hpp"

namespace weave {

using Order = std::memory_order;

inline constexpr unsigned all = UINT32_MAX;  // no bound
inline constexpr int none = -1;

// How far a run may leave the plain path, and when it has run too long.
struct Limits {
    unsigned preemptions, stale_reads, spurious, together;
    int crash;
    std::uint32_t steps;
};

// One order of one operation in the source, made weaker: a mutant.
struct Weakening {
    const char* file = nullptr;
    std::uint32_t line = 0;
    bool on_failure = false;  // the second order of a compare-exchange
    Order from = Order::relaxed, to = Order::relaxed;

    [[nodiscard]] bool is_at(const Weakening& other) const {
        return file != nullptr && line == other.line && from == other.from &&
               on_failure == other.on_failure && std::string_view(file) == other.file;
    }
};

// The model and its threads, without their types.
struct Program {
    void (*make)(void* at);
    void (*unmake)(void* at);
    void (*finish)(void* model);  // nullptr: there is none
    void (*step)(void* model);    // nullptr: there is none
    std::vector<std::function<void(void*)>> threads;
};

enum class End : std::uint8_t {
    passed,
    failed,
    learned,  // that two threads use an object which seemed to be one's own
    known     // it came to a state from which everything has been seen
};

// Which decisions a run asks for.
enum class Decisions : std::uint8_t {
    relevant,   // not about steps that concern nobody else
    every,      // so that a replay means the same in every program
    rehearsed,  // every one, and what is learned does not end the run
};

// The threads that read, and that write, an object; a bit each.
struct Users {
    std::uint8_t readers = 0, writers = 0;
    [[nodiscard]] bool others(std::uint8_t bit) const { return ((readers | writers) & ~bit) != 0; }
    [[nodiscard]] bool other_writers(std::uint8_t bit) const { return (writers & ~bit) != 0; }
};
// How much a step matters to other threads.
enum class Concern : std::uint8_t { none_ever, none_now, some };

struct Allocation {
    void* at = nullptr;
    std::size_t bytes = 0;
    unsigned thread = 0;
    bool alive = false;
};

class Engine {
public:
    static Engine& the() { return one_ != nullptr ? *one_ : make(); }

    // ---- The search's side ----

    [[nodiscard]] End run(const Program& program, Strategy& strategy, const Limits& limits,
                          Decisions decisions, Trace* trace);
    // Before the first run of a program.
    void forget_what_was_learned();
    // For the run that has failed.
    [[nodiscard]] const std::string& failure() const { return failure_; }
    [[nodiscard]] const std::vector<Exception>& exceptions() const { return exceptions_; }
    [[nodiscard]] std::uint32_t steps() const { return steps_; }

    Weakening weakening;
    std::vector<Weakening>* orders_seen = nullptr;  // collects every order that could be weaker

    // ---- Steps of the threads ----

    [[nodiscard]] std::uint64_t load(Location& at, Order order, Where where);
    void store(Location& at, std::uint64_t value, Order order, Where where);
    // A read-modify-write: the newest value, then what becomes of it. Nothing comes between.
    [[nodiscard]] std::uint64_t begin_change(Location& at, Where where);
    void end_change(Location& at, std::uint64_t value, Order order, Where where);
    [[nodiscard]] bool compare_exchange(Location& at, std::uint64_t& expected,
                                        std::uint64_t desired, bool weak, Order success,
                                        Order failure, Where where);
    void fence(Order order, Where where);
    void futex_wait(Location& at, std::uint32_t expected, Where where);
    void futex_wake(Location& at, int count, Where where);
    void relax(Where where);
    [[nodiscard]] std::uint64_t now();
    void sleep_until(std::uint64_t time, Where where);
    [[nodiscard]] unsigned choose(unsigned n);

    // ---- No steps ----

    [[nodiscard]] std::uint64_t newest(Location& at) { return current_value(at); }
    void born(Location& at, std::uint64_t value);
    // It is destroyed or put out of use: nobody may be using it.
    void ends(Location& at, Where where);
    [[noreturn]] void fail(std::string what, Where where);
    [[nodiscard]] unsigned current() const { return current_; }
    [[nodiscard]] bool is_quiet() const { return quiet_; }
    [[nodiscard]] bool has_ended(unsigned thread) const {
        return threads_[thread].state == State::ended;
    }
    // What the current thread knows; its next step's tick.
    [[nodiscard]] const Clock& knows() const { return threads_[current_].now.before; }
    [[nodiscard]] Tick next_tick() const { return knows().at[current_] + 1; }
    // Memory of this run, never used again in it.
    [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment);
    void check_created(const void* at, Where where);
    void release(const void* at);
    // Whether `at` lies in memory that has been released.
    [[nodiscard]] bool is_released(const void* at);

private:
    enum class State : std::uint8_t { ready, sleeping, spinning, waiting_for_time, ended, crashed };
    struct Seen {  // a location that a thread has read since its last spin hint
        Location* at;
        StoreId store;   // the last time
        unsigned times;  // how often that store
        bool moved;      // it has read one store, and then another
    };
    struct Thread {
        State state = State::ready;
        Knowledge now, released, acquirable;  // released: at its last release fence
        Fiber fiber;
        Location* sleeps_on = nullptr;
        std::uint64_t wakes_at = 0;
        Where waits_where;
        // Since its last spin hint: who could go on all the time, and who has run. It goes on only
        // when all who could, and did not, have run.
        std::uint32_t others_enabled = 0, others_ran = 0, gives_way_to = 0;
        std::uint32_t own_steps = 0;
        std::uint64_t history = 0;
        bool deceived = false;  // something has failed for no reason since its last spin hint
        std::vector<Seen> read;
    };
    struct Failed {};  // leaves the model's own functions when no fiber runs

    static Engine& make();
    static inline Engine* one_ = nullptr;

    static void thread_body();
    void set_up(const Program& program);
    void start_threads();
    void finish_model();
    void look();
    void decide(bool can_go_on);
    [[nodiscard]] bool pick(bool can_go_on, unsigned& next);
    [[nodiscard]] unsigned list_enabled(bool can_go_on, std::uint8_t* list) const;
    [[nodiscard]] bool spin_once_more();
    void disable();
    void enable(unsigned thread);
    void note_turn(unsigned thread);
    void give_way();
    void back_to_search();
    void nobody_can_go_on();
    [[nodiscard]] std::uint64_t state() const;
    void happens(std::uint64_t event) { me().history = mix(me().history, event); }
    void check_leaks();

    void arrive(Where where);
    void point(Concern concern, Where where);
    void count_step(Where where);
    void stop_until_picked(State state, Where where);
    [[nodiscard]] Concern concern(const Location& at, bool writes);
    void share(const Location& at);
    void learned();
    [[nodiscard]] Users* users_of(const Location& at);
    [[nodiscard]] std::uint8_t my_bit() const {
        return static_cast<std::uint8_t>(std::uint32_t{1} << current_);
    }
    void maybe_crash(Where where);
    [[nodiscard]] unsigned ask(Kind kind, unsigned n, std::span<const std::uint8_t> threads = {});
    [[nodiscard]] unsigned ask_within(unsigned& left, Kind kind, unsigned n);
    [[nodiscard]] unsigned ask_for_stale(Kind kind, unsigned n);
    static void spend(unsigned& left) { left -= left == all ? 0 : 1; }
    [[nodiscard]] std::uint64_t current_value(Location& at) {
        return at.newest == no_store ? at.value : memory_[at.newest].value;
    }
    void check_alive(Location& at, Where where);
    [[nodiscard]] Clock reach(Order order) const;
    [[nodiscard]] StoreId choose_store(Location& at, Order order, const std::uint64_t* unlike);
    [[nodiscard]] std::uint64_t saw(Location& at, StoreId id, Order order);
    [[nodiscard]] StoreId add_store(std::uint64_t value, Order order, StoreId changed);
    void settle(StoreId id, StoreId below);
    void changed(Location& at, StoreId id);
    [[nodiscard]] bool is_worn(const Location& at, StoreId id) const;
    void remember_read(Location& at, StoreId id, bool own);
    [[nodiscard]] bool has_news(const Thread& thread);
    void read_afresh(Thread& thread);
    void wake_spinners(const Location& at);
    [[nodiscard]] Order weakened(Order order, Where where, bool on_failure = false);
    [[nodiscard]] bool traces(const Location& at) {  // steps that only one thread sees are left out
        const Users* const users = users_of(at);
        return trace_ != nullptr && (users == nullptr || users->others(my_bit()));
    }
    void note(Where where, std::string what);
    [[nodiscard]] std::string from(StoreId id);
    [[nodiscard]] Thread& me() { return threads_[current_]; }

    Memory memory_;
    std::array<Thread, threads_max> threads_;
    unsigned count_ = 0;
    unsigned current_ = 0;
    std::uint32_t enabled_ = 0;  // a bit for each thread that could go on
    std::uint32_t spinning_ = 0;
    bool quiet_ = true, starting_ = false, crashed_ = false, looking_ = false;
    bool changes_private_ = false;  // the read-modify-write that has begun
    std::uint32_t steps_ = 0;
    unsigned fruitless_ = 0;  // rounds of spinners alone since the last store
    unsigned preemptions_left_ = 0, stale_left_ = 0, spurious_left_ = 0, together_left_ = 0;
    Tick sc_tick_ = 0;
    std::uint64_t sc_history_ = 0, heap_history_ = 0;
    Clock fenced_;  // what threads had seen at their sequentially consistent fences
    const Program* program_ = nullptr;
    Strategy* strategy_ = nullptr;
    Limits limits_{};
    Decisions decisions_ = Decisions::every;
    Trace* trace_ = nullptr;
    End end_ = End::passed;
    std::string failure_;
    std::vector<Exception> exceptions_;
    std::vector<Allocation> allocations_;
    std::size_t allocated_ = 0;

    static constexpr std::size_t stack_bytes = std::size_t{256} << 10;
    static constexpr std::size_t model_bytes = std::size_t{4} << 20;
    static constexpr std::size_t heap_bytes = std::size_t{1} << 20;
    Stacks stacks_{threads_max, stack_bytes};
    Fiber search_;
    std::unique_ptr<std::byte[]> arena_;
    std::vector<Users> users_;            // of every 8 bytes of the arena
    std::vector<std::uint8_t> released_;  // likewise, of the heap behind it: 1, or 0

    Engine();
    [[nodiscard]] std::byte* arena() {
        return arena_.get() + (64 - reinterpret_cast<std::uintptr_t>(arena_.get()) % 64);
    }
};

}  // namespace weave
