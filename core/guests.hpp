// core/guests.hpp - calls from any thread into objects that their owner may take down.
//
//    word_ = { open : 1 | calls inside : 31 }
//
// Threads    enter, leave: any. open, close: the owner. close waits until nobody is inside.
// Edges      U1  leave releases word_ -> close acquires it : the call is done with the objects
//            U2  open releases word_ -> enter acquires it  : the objects have been made
#pragma once
#include <cstdint>

#include <stator/core/sync.hpp>

namespace stator {

class Guests {
    using enum std::memory_order;

public:
    void open() { (void)word_.fetch_or(opened, release); }  // U2

    // False: there is nothing to call into; then no leave.
    [[nodiscard]] bool enter() {
        std::uint32_t word = word_.load(relaxed);  // only compared
        while ((word & opened) != 0)
            if (word_.compare_exchange_weak(word, word + 1, acquire, relaxed)) return true;  // U2
        return false;
    }
    void leave() { (void)word_.fetch_sub(1, release); }  // U1

    void close() {
        (void)word_.fetch_and(~opened, relaxed);         // the load below orders
        while (word_.load(acquire) != 0) sync::yield();  // U1
    }

private:
    static constexpr std::uint32_t opened = std::uint32_t{1} << 31;
    sync::atomic<std::uint32_t> word_{0};
};

}  // namespace stator
