// core/task.hpp - what is handed to the pool by value: a callable and its captures in 64 bytes.
//
//   a slot of an inbox, a cell of a run ring:  { mark : 8 | kind : 8 | captures : 48 }
//
// The callable is moved into the slot by whoever submits, moved out of it by the worker that takes
// it, and destroyed after it has run, also when it threw, and when it is dropped instead. Nothing
// is allocated.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <stator/core/name.hpp>

namespace stator {

// The answer of `submit`. With any but the first nothing has been changed.
enum class Submit : std::uint8_t {
    accepted,          // it will be run, or dropped with its cleanup: exactly once
    full,              // every segment that this priority may use holds tasks that wait
    full_cooling,      // there is memory, but it waits for a grace period
    closed,            // the scheduler is stopping, or has stopped
    not_started,       // `start` has not returned yet
    no_such_node,      // the board has no worker with `.tasks` on that node
    no_such_priority,  // the board's .pool.priorities are fewer
    empty_function,    // a null function pointer, or an empty std::function
    expired,           // its deadline is not in the future
    forked,            // this process is a child of the one that started the scheduler
};
inline constexpr std::size_t submit_answers = 10;

[[nodiscard]] constexpr std::string_view text(Submit answer) {
    constexpr std::array<std::string_view, submit_answers> texts = {
        "accepted",    "full",         "full_cooling",     "closed",
        "not_started", "no_such_node", "no_such_priority", "empty_function",
        "expired",     "forked"};
    return texts[static_cast<std::size_t>(answer)];
}

// What a task may answer. One that returns nothing is `done`.
enum class Outcome : std::uint8_t { done, failed };

// Whether a task is still wanted when its turn has come.
enum class Wanted : std::uint8_t { yes, expired, cancelled };

inline constexpr std::size_t capture_bytes = 48;
inline constexpr std::size_t capture_alignment = 16;

// A name of at most 15 characters as two words, as it stands in records that others read.
struct ShortName {
    std::array<std::uint64_t, 2> words{};

    constexpr ShortName() = default;
    constexpr explicit ShortName(std::string_view name) {
        for (std::size_t i = 0; i < name.size() && i < 15; ++i)
            words[i / 8] |= std::uint64_t{static_cast<unsigned char>(name[i])} << (i % 8 * 8);
    }
    [[nodiscard]] std::string text() const {
        std::string all;
        for (std::size_t i = 0; i < 15; ++i) {
            const auto c = static_cast<char>(words[i / 8] >> (i % 8 * 8) & 0xff);
            if (c == '\0') break;
            all += c;
        }
        return all;
    }
};

// What the pool knows about the type of a task. One constant object for each type and name.
struct TaskKind {
    Outcome (*run)(void* captures);          // calls it, then ends its life, also when it throws
    void (*drop)(void* captures);            // ends its life without the call
    void (*move)(void* from, void* to);      // nullptr: the bytes are copied
    Wanted (*wanted)(const void* captures);  // nullptr: always
    ShortName name;
    const void* (*group)(const void* captures) = nullptr;  // whose child it is; nullptr: nobody's
    bool has_owner = false;  // the captures are a pointer to a Task of the caller's
};

// A callable may have more than a call: what `at_end()` returns is called when the callable has
// been destroyed, whatever happened, and `wanted()` is asked before it begins.
template <typename F>
struct EndsLife {
    F& callable;
    ~EndsLife() {
        if constexpr (requires { callable.at_end(); }) {
            const auto then = callable.at_end();
            std::destroy_at(&callable);
            then();
        } else {
            std::destroy_at(&callable);
        }
    }
};

template <typename F>
Outcome run_callable(void* captures) {
    const EndsLife<F> life{*std::launder(static_cast<F*>(captures))};
    if constexpr (std::is_same_v<std::invoke_result_t<F&>, Outcome>) {
        return life.callable();
    } else {
        life.callable();
        return Outcome::done;
    }
}

template <typename F>
void drop_callable(void* captures) {
    const EndsLife<F> life{*std::launder(static_cast<F*>(captures))};
}

template <typename F>
void move_callable(void* from, void* to) {
    F& old = *std::launder(static_cast<F*>(from));
    new (to) F(std::move(old));
    std::destroy_at(&old);
}

template <typename F>
constexpr auto wanted_of() -> Wanted (*)(const void*) {
    if constexpr (requires(const F& f) { f.wanted(); })
        return [](const void* captures) {
            return std::launder(static_cast<const F*>(captures))->wanted();
        };
    else
        return nullptr;
}

template <typename F>
constexpr auto group_of() -> const void* (*)(const void*) {
    if constexpr (requires(const F& f) { f.group(); })
        return [](const void* captures) -> const void* {
            return std::launder(static_cast<const F*>(captures))->group();
        };
    else
        return nullptr;
}

template <typename F, Name name>
inline constexpr TaskKind kind_of = {
    .run = run_callable<F>,
    .drop = drop_callable<F>,
    .move = std::is_trivially_copyable_v<F> ? nullptr : move_callable<F>,
    .wanted = wanted_of<F>(),
    .name = ShortName(name.view()),
    .group = group_of<F>()};

// A callable in its 56 bytes.
struct TaskBody {
    const TaskKind* kind = nullptr;
    std::array<std::byte, capture_bytes> captures;

    // Puts `f` here, which can be a task.
    template <Name name, typename F>
    void put(F&& f) noexcept {
        using Callable = std::decay_t<F>;
        kind = &kind_of<Callable, name>;
        new (captures.data()) Callable(std::forward<F>(f));
    }

    // Moves the callable of `from` to here; `from` has none afterwards.
    void take(TaskBody& from) {
        kind = from.kind;
        if (kind->move != nullptr)
            kind->move(from.captures.data(), captures.data());
        else
            std::memcpy(captures.data(), from.captures.data(), capture_bytes);
    }
};

// A callable out of its slot, with its captures aligned as they were there.
struct alignas(capture_alignment) TaskInHand {
    std::uint64_t in_front = 0;
    TaskBody body;
};
static_assert(offsetof(TaskInHand, body.captures) % capture_alignment == 0,
              "captures in hand lie as in a slot; change in_front with TaskBody");

// Whether F can be a task; a sentence for each reason why not.
template <typename F>
constexpr bool is_task() {
    static_assert(
        sizeof(F) <= capture_bytes,
        "the task captures more than 48 bytes, its options included; capture a pointer to "
        "the data");
    static_assert(alignof(F) <= capture_alignment,
                  "the task's captures need an alignment above 16; capture a pointer to the data");
    static_assert(std::is_nothrow_move_constructible_v<F>,
                  "moving the task may throw; capture what moves without throwing");
    static_assert(std::is_invocable_v<F&>, "a task is called without arguments; capture them");
    static_assert(std::is_void_v<std::invoke_result_t<F&>> ||
                      std::is_same_v<std::invoke_result_t<F&>, Outcome>,
                  "a task returns nothing or an Outcome; store other results where they belong");
    return true;
}

// A function pointer, a std::function and their like.
template <typename F>
concept may_be_empty = !std::is_function_v<F> && requires(const F& callable) {
    callable == nullptr;
};

// True for a null function pointer and an empty std::function.
template <typename F>
[[nodiscard]] bool is_empty_function(const F& callable) {
    if constexpr (may_be_empty<F>)
        return callable == nullptr;
    else
        return false;
}

// How many callables of `range` come before the first empty one.
template <typename Range>
[[nodiscard]] std::size_t up_to_empty_function(Range& range) {
    std::size_t n = 0;
    for (const auto& callable : range) {
        if (is_empty_function(callable)) break;
        ++n;
    }
    return n;
}

}  // namespace stator
