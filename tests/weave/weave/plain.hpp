// tests/weave/weave/plain.hpp - ordinary memory that threads share: a race on it ends the run.
//
// An access is no step: it is a race in every order in which nothing says who came first, so one
// order is enough to find it. A cell can be put out of use: then any access ends the run.
#pragma once
#include <utility>

#include "atomic.hpp"
#include "engine.hpp"

namespace weave {

// Who has touched a cell.
class Touched {
public:
    Touched() { write(Where::current()); }
    ~Touched() { write(Where::current()); }
    Touched(const Touched&) = delete;
    Touched& operator=(const Touched&) = delete;

    void write(Where where) {
        if (!check(where)) return;
        reads_.at[engine().current()] = 0;  // one's own are no race
        if (!engine().knows().reaches_all(reads_))
            engine().fail("race: written while another thread reads, at " + text(read_where_),
                          where);
        writer_ = static_cast<std::uint8_t>(engine().current());
        written_ = engine().next_tick();
        write_where_ = where;
    }
    void read(Where where) {
        if (!check(where)) return;
        reads_.at[engine().current()] = engine().next_tick();
        read_where_ = where;
    }
    void hide(Where where) {
        write(where);
        hidden_ = true;
    }
    void reveal() { hidden_ = false; }

private:
    static Engine& engine() { return Engine::the(); }

    // False where nothing is to be remembered, as no thread runs.
    [[nodiscard]] bool check(Where where) const {
        if (engine().is_quiet()) return false;
        if (engine().is_released(this)) engine().fail("a cell is touched after its life", where);
        if (hidden_) engine().fail("a cell is touched while it is out of use", where);
        if (writer_ < threads_max && writer_ != engine().current() &&
            engine().knows().at[writer_] < written_)
            engine().fail("race: touched while another thread writes, at " + text(write_where_),
                          where);
        return true;
    }

    bool hidden_ = false;
    std::uint8_t writer_ = threads_max;
    Tick written_ = 0;
    Clock reads_;
    Where write_where_, read_where_;
};

template <typename T>
class plain {
public:
    plain() = default;
    plain(T initial) : value_(std::move(initial)) {}

    [[nodiscard]] T& write(Where where) {
        touched_.write(where);
        return value_;
    }
    [[nodiscard]] const T& read(Where where) const {
        touched_.read(where);
        return value_;
    }
    void hide(Where where) const { touched_.hide(where); }
    void reveal() const { touched_.reveal(); }

private:
    T value_{};
    mutable Touched touched_;
};

template <typename T>
[[nodiscard]] T& write(plain<T>& cell, Where where = Where::current()) {
    return cell.write(where);
}
template <typename T>
[[nodiscard]] const T& read(const plain<T>& cell, Where where = Where::current()) {
    return cell.read(where);
}
// Out of use until `reveal`: whoever touches it ends the run.
template <typename T>
void hide(const plain<T>& cell, Where where = Where::current()) {
    cell.hide(where);
}
template <typename T>
void reveal(const plain<T>& cell) {
    cell.reveal();
}
template <typename T>
void hide(const atomic<T>& object, Where where = Where::current()) {
    Engine::the().ends(object.location(), where);
    object.location().hidden = true;
}
template <typename T>
void reveal(const atomic<T>& object) {
    object.location().hidden = false;
}

}  // namespace weave
