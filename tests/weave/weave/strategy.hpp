// tests/weave/weave/strategy.hpp - who decides, where a run could go on in several ways.
//
// A run asks at every decision. Alternative 0 is the plain one: the same thread goes on, a load
// returns the newest store, nothing fails spuriously, nobody crashes. So a run is told by its
// exceptions: "t0.14.2 r2.20.1" says that before its own step 14 thread 0 had to stop, and thread 2
// went on, and that the load which is thread 2's step 20 went one store down. That is the replay
// string. Steps are counted for each thread by itself, so that the string means the same whether or
// not the search has left out decisions that matter to nobody. "-" is the plain run.
#pragma once
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hash.hpp"

namespace weave {

enum class Kind : char {
    thread = 't',       // which thread goes on, where this one could
    next = 'n',         // which thread goes on, where this one has ended, sleeps or spins
    read = 'r',         // which store a load returns, 0 the newest
    place = 'p',        // below how many stores a new one goes in modification order
    spurious = 's',     // whether a weak compare-exchange or a futex returns for no reason
    waiter = 'w',       // which sleeper a wake wakes
    crash = 'c',        // whether the thread stops here for ever
    environment = 'e',  // what the model itself leaves open, weave::choose
};

// Where a decision is taken: by which thread, before or in which of its steps.
struct Place {
    std::uint32_t thread;
    std::uint32_t step;
    friend bool operator==(const Place&, const Place&) = default;
};

struct Exception {
    Kind kind;
    Place at;
    std::uint32_t taken;  // for threads the thread's number
    friend bool operator==(const Exception&, const Exception&) = default;
};

[[nodiscard]] std::string text(std::span<const Exception> exceptions);
// Returns false where `text` is not a replay string.
[[nodiscard]] bool parse(std::string_view text, std::vector<Exception>& out);

class Strategy {
public:
    virtual ~Strategy() = default;
    // A run begins.
    virtual void begin() = 0;
    // One of `n` alternatives, n >= 2. `threads`: where they are threads, which ones.
    virtual unsigned choose(Kind kind, Place at, unsigned n,
                            std::span<const std::uint8_t> threads) = 0;
    // Whether states matter now, and whether this one has been come to before, so that what can
    // follow is known.
    [[nodiscard]] virtual bool wants_states() const { return false; }
    [[nodiscard]] virtual bool knows(std::uint64_t) { return false; }
};

// All runs, one after the other: the deepest decision changes first. A run that comes to a known
// state ends there.
class Exhaustive final : public Strategy {
public:
    void begin() override { depth_ = 0; }
    unsigned choose(Kind, Place, unsigned n, std::span<const std::uint8_t>) override {
        if (depth_ == path_.size()) path_.push_back({.n = n, .taken = 0});
        return path_[depth_++].taken;
    }
    // Not on the way back to where the last run is left.
    [[nodiscard]] bool wants_states() const override { return depth_ == path_.size(); }
    [[nodiscard]] bool knows(std::uint64_t state) override { return !known_.insert(state); }
    // Makes the next run another one. False: all have been.
    [[nodiscard]] bool advance();
    void restart() {
        path_.clear();
        known_.clear();
    }
    [[nodiscard]] std::size_t states() const { return known_.size(); }

private:
    struct Decision {
        std::uint32_t n, taken;
    };
    std::vector<Decision> path_;
    std::size_t depth_ = 0;
    Known known_;
};

// Any alternative, each as likely; the plain one more often for what is not a thread.
class Random final : public Strategy {
public:
    explicit Random(std::uint64_t seed) : random_(seed) {}
    void begin() override {}
    unsigned choose(Kind kind, Place at, unsigned n,
                    std::span<const std::uint8_t> threads) override;

private:
    std::minstd_rand random_;
};

// Probabilistic concurrency testing: random priorities, changed at `depth` - 1 random places; finds
// a bug of that depth among n threads and k steps with probability 1 / (n k^(depth-1)) a run.
// Source: S. Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding
// Bugs", ASPLOS 2010.
class Pct final : public Strategy {
public:
    Pct(std::uint64_t seed, unsigned depth) : random_(seed), depth_(depth) {}
    void begin() override;
    unsigned choose(Kind kind, Place at, unsigned n,
                    std::span<const std::uint8_t> threads) override;

private:
    std::minstd_rand random_;
    unsigned depth_;
    std::uint32_t decisions_ = 0, longest_ = 1;  // about threads: in this run, in the longest one
    std::vector<std::uint32_t> changes_;
    std::vector<int> priority_;
    int lowest_ = 0;
};

// One run, as its replay string tells it.
class Replay final : public Strategy {
public:
    explicit Replay(std::vector<Exception> exceptions) : exceptions_(std::move(exceptions)) {}
    void begin() override {}
    unsigned choose(Kind kind, Place at, unsigned n,
                    std::span<const std::uint8_t> threads) override;

private:
    std::vector<Exception> exceptions_;
};

}  // namespace weave
