// core/stage.hpp - what a pipeline stage is: a role, the code that runs, and how late it may be.
//
//   a source    Poll  stage(Out&)             fills the item, or says that there is none (yet)
//   a middle    bool  stage(const In&, Out&)  true: `Out` goes on; false: the item ends here
//   a sink      void  stage(const In&)
//
// A stage is a function (`Stage`) or a class with that call operator and state of its own
// (`StageOf`); the state lives in the memory of its worker's node. A class may also have
//
//   int descriptor() const   of a source: where to sleep until there is something to poll
//   bool finish(Out&)        after the last input: called until it answers false; true is an item
//   bool ready(const In&)    false puts the item off, and with it all behind it: what it waits for,
//                            a task say, is not done. Whoever does it then calls `wake` of the
//                            stage's Waker (`scheduler.waker<Line, "role">()`). Must not throw.
//
// Calls of one stage never overlap, and always come from the same worker. Items are plain structs.
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <stator/core/name.hpp>

namespace stator {

// The answer of a source.
enum class Poll : std::uint8_t {
    item,     // the item is filled
    nothing,  // there is none now; ask again
    ended,    // there will never be one again: the pipeline drains
};

// How long an item may take, in nanoseconds; 0 sets no limit. Items over it are counted as late.
struct Budget {
    std::int64_t ns = 0;

    constexpr Budget() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): Stage<"parse", parse, 50us> is the point of it
    constexpr Budget(std::chrono::nanoseconds time) : ns(time.count()) {}
};

template <auto function>
struct CallOf {
    template <typename... Items>
    auto operator()(Items&... items) const -> decltype(function(items...)) {
        return function(items...);
    }
};

// A stage that is a class: one object of `State`, made by its default constructor at start.
template <Name role_name, typename S, Budget time = Budget{}>
struct StageOf {
    using State = S;
    static constexpr std::string_view role = role_name.view();
    static constexpr Budget budget = time;
    static constexpr std::size_t width = 1;
};

// A stage that is a function.
template <Name role_name, auto function, Budget time = Budget{}>
struct Stage : StageOf<role_name, CallOf<function>, time> {};

// `n` copies of a stage side by side, with the roles `role.0` to `role.(n-1)`, n = 1..16.
template <std::size_t n, typename S>
struct Parallel {
    static_assert(1 <= n && n <= 16, "a parallel stage has 1 to 16 lanes; choose n in that range");
    using State = typename S::State;
    static constexpr std::string_view role = S::role;
    static constexpr Budget budget = S::budget;
    static constexpr std::size_t width = n;
};

template <typename S, typename Out>
concept IsSource = std::is_invocable_r_v<Poll, S&, Out&>;
template <typename S, typename In, typename Out>
concept IsMiddle = std::is_invocable_r_v<bool, S&, const In&, Out&>;
template <typename S, typename In>
concept IsSink = std::is_invocable_v<S&, const In&>;
template <typename S>
concept HasDescriptor = requires(const S& s) {
    { s.descriptor() } -> std::same_as<int>;
};
template <typename S, typename In>
concept HasReady = requires(S& s, const In& in) {
    { s.ready(in) } -> std::same_as<bool>;
};
template <typename S, typename Out>
concept HasFinish = requires(S& s, Out& out) {
    { s.finish(out) } -> std::same_as<bool>;
};

}  // namespace stator
