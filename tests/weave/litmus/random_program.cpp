// tests/weave/litmus/random_program.cpp - litmus programs by dice, the same in every run.
#include "random_program.hpp"

#include <array>
#include <initializer_list>
#include <random>

namespace litmus {
namespace {

using enum std::memory_order;

class Dice {
public:
    explicit Dice(const Ingredients& ingredients, std::uint32_t seed)
        : ingredients_(ingredients), engine_(seed) {}

    Program program() {
        Program program{.threads = std::vector<Thread>(2 + below(3)), .finals = {}};
        locations_ = once_in(3) ? 3 : 2;
        strength_ = below(4);
        fences_ = once_in(2);
        for (std::size_t i = 0; i < locations_; ++i)
            program.finals.push_back(static_cast<Location>(i));
        for (std::size_t i = 0; i < program.threads.size(); ++i)
            program.threads[i] = any_thread(length_of(i, program.threads.size()));
        return program;
    }

private:
    // The engine's numbers are the same everywhere; those of standard distributions are not.
    std::size_t below(std::size_t bound) { return engine_() % bound; }
    bool once_in(std::size_t bound) { return below(bound) == 0; }

    // Of four threads two have one access only; there would be too many executions.
    std::size_t length_of(std::size_t thread, std::size_t threads) {
        if (threads == 4 && thread < 2) return 1;
        return once_in(4) ? 1 : threads == 2 ? 2 + below(2) : 2;
    }

    Thread any_thread(std::size_t accesses) {
        Thread thread;
        for (std::size_t i = 0; i < accesses; ++i) {
            if (i > 0 && fences_ && !once_in(3)) thread.push_back(any_fence());
            thread.push_back(any_access());
        }
        return thread;
    }

    // Programs of strong orders alone, of weak ones alone, and mixed ones.
    std::memory_order any_order(std::initializer_list<std::memory_order> orders, bool seq_cst_too) {
        if (strength_ == 0 || (strength_ == 1 && once_in(2))) return *orders.begin();
        if (seq_cst_too && (strength_ == 3 ? !once_in(4) : once_in(2))) return seq_cst;
        return *(orders.begin() + below(orders.size()));
    }

    Operation any_fence() {
        if (ingredients_.seq_cst_fences && !once_in(3)) return fence(seq_cst);
        constexpr std::array<std::memory_order, 3> orders = {acq_rel, acquire, release};
        return fence(orders.at(below(orders.size())));
    }

    Operation any_access() {
        const auto location = static_cast<Location>(below(locations_));
        const bool seq_cst_too = ingredients_.seq_cst_accesses;
        if (registers_ == none || once_in(2))
            return store(location, ++value_, any_order({relaxed, release}, seq_cst_too));
        const auto result = static_cast<Register>(registers_++);
        if (ingredients_.changes && once_in(3)) return any_change(result, location);
        return load(result, location, any_order({relaxed, acquire}, seq_cst_too));
    }

    Operation any_change(Register result, Location location) {
        const bool seq_cst_too = ingredients_.seq_cst_accesses;
        const auto order = any_order({relaxed, acquire, release, acq_rel}, seq_cst_too);
        if (once_in(3)) return fetch_add(result, location, 10, order);
        if (once_in(2)) return exchange(result, location, ++value_, order);
        const auto expected = static_cast<int>(below(static_cast<std::size_t>(value_) + 1));
        return compare_exchange(result, location, expected, ++value_, order,
                                any_order({relaxed, acquire}, seq_cst_too));
    }

    const Ingredients& ingredients_;
    std::mt19937 engine_;
    std::size_t locations_ = 2;
    std::size_t strength_ = 0;
    bool fences_ = false;
    std::size_t registers_ = 0;
    int value_ = 0;  // every store has one of its own
};

}  // namespace

Program random_program(const Ingredients& ingredients, std::uint32_t seed) {
    return Dice(ingredients, seed).program();
}

}  // namespace litmus
