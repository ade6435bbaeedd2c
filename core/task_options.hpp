// core/task_options.hpp - how a task is handed over, by named fields: `submit({.node = 1,
// .deadline = 50us}, f)`.
//
// Each combination of options is a type of its own, chosen by the compiler from the names that are
// written, so that a task pays in bytes only for what it uses: deadline 8, stop token 8, cleanup 16
// of the 48 for captures.
#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>

namespace stator {

// Called with `with` when the task is over, whether it has run, thrown or been dropped.
struct Cleanup {
    void (*run)(void* with) noexcept = nullptr;
    void* with = nullptr;
};

// A field that has to be written: no combination is chosen without its fields.
template <typename T>
struct Said {
    T value;
    template <typename From>
    requires std::convertible_to<From, T>
    // It stands for the T in a list of fields; no Said converts to a T.
    // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload)
    constexpr Said(From&& from) : value(std::forward<From>(from)) {}
};
using SaidDeadline = Said<std::chrono::nanoseconds>;  // from now; 0 and less answers `expired`
using SaidStop = Said<std::stop_token>;               // asked before the task begins
using SaidCleanup = Said<Cleanup>;

// .node is the kernel's number of the node whose workers run the task: that one or none. Where it
// is not given, the task goes to the node that is nearest to the memory at .near; where that is not
// given either, or is in no memory yet, to the one nearest to the cpu of the caller. Nearest is the
// node itself where it has workers with .tasks. To ask where memory is takes a system call unless
// it is Stator's own; `node_of` asks once for many tasks.
inline constexpr int near_caller = -1;
// 0..63, below the board's .pool.priorities; higher ones are taken first. usual_priority: the
// board's .pool.usual_priority.
inline constexpr int usual_priority = -1;

struct TaskOptions {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
};
struct OptionsD {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
    SaidDeadline deadline;
};
struct OptionsS {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
    SaidStop stop;
};
struct OptionsC {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
    SaidCleanup cleanup;
};
struct OptionsDS {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
    SaidDeadline deadline;
    SaidStop stop;
};
struct OptionsDC {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
    SaidDeadline deadline;
    SaidCleanup cleanup;
};
struct OptionsSC {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
    SaidStop stop;
    SaidCleanup cleanup;
};
struct OptionsDSC {
    int node = near_caller;
    const void* near = nullptr;
    int priority = usual_priority;
    SaidDeadline deadline;
    SaidStop stop;
    SaidCleanup cleanup;
};

template <typename O>
concept HasDeadline = requires(const O& o) {
    o.deadline;
};
template <typename O>
concept HasStop = requires(const O& o) {
    o.stop;
};
template <typename O>
concept HasCleanup = requires(const O& o) {
    o.cleanup;
};

// What an option leaves in the captures: nothing where it is not used.
template <int which>
struct NoBytes {};

// A callable with its options.
template <typename F, typename O>
struct Optioned {
    using Deadline = std::conditional_t<HasDeadline<O>, std::uint64_t, NoBytes<0>>;
    using Stop = std::conditional_t<HasStop<O>, std::stop_token, NoBytes<1>>;
    using AtEnd = std::conditional_t<HasCleanup<O>, Cleanup, NoBytes<2>>;
    F f;
    [[no_unique_address]] Deadline deadline;  // cycles
    [[no_unique_address]] Stop stop;
    [[no_unique_address]] AtEnd cleanup;

    auto operator()() { return f(); }
    [[nodiscard]] Wanted wanted() const requires(HasDeadline<O> || HasStop<O>) {
        if constexpr (HasStop<O>)
            if (stop.stop_requested()) return Wanted::cancelled;
        if constexpr (HasDeadline<O>)
            if (sync::cycles() > deadline) return Wanted::expired;
        return Wanted::yes;
    }
    [[nodiscard]] auto at_end() const requires HasCleanup<O> {
        return [last = cleanup] {
            if (last.run != nullptr) last.run(last.with);
        };
    }
};

}  // namespace stator
