// core/object_pool.hpp - a fixed stock of objects that any thread takes from and gives back to.
//
//    top_ = { generation : 48 | index + 1 : 16 }  ->  [3] -> [0] -> [7] -> end   (0: nothing left)
//
// A stack of free indices, linked through an array of its own, so that an object's bytes are
// touched only by whoever has taken it. Every change of top_ raises the generation, which makes a
// stale compare fail: 2^48 changes at 10 million a second last ten months between a load and its
// compare.
//
// Progress   take and give are lock-free: a failed compare means that another thread succeeded.
// Memory     n objects, n links, two padded lines; inside the object. Nothing is allocated.
// Threads    take, give: any. take_or_wait: one thread at a time.
// Edges      P1  give releases top_ -> take acquires top_ : what was written before give is seen
//                after take, in the object and in the link
// Source     R. K. Treiber, "Systems Programming: Coping with Parallelism", IBM 1986.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/sync.hpp>
#include <stator/core/wait_word.hpp>
#include <stator/platform/check.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

template <typename T, std::size_t n>
class ObjectPool {
    static_assert(1 <= n && n <= 65'535, "a pool holds 1 to 65535 objects; use several pools");
    using enum std::memory_order;

public:
    static constexpr std::size_t capacity = n;

    ObjectPool() {
        for (std::size_t i = 0; i < n; ++i)
            next_[i].store(static_cast<std::uint32_t>(i + 1 < n ? i + 2 : 0), relaxed);  // unshared
        top_.store(1, relaxed);  // nobody else knows this object yet
    }
    ObjectPool(const ObjectPool&) = delete;
    ObjectPool& operator=(const ObjectPool&) = delete;

    // An object for the caller alone, as it was given back, or nullptr when all are taken. Any
    // thread.
    [[nodiscard]] T* take() {
        std::uint64_t top = top_.load(acquire);  // P1
        for (;;) {
            const std::uint64_t index = top & index_mask;
            if (index == 0) return nullptr;
            const std::uint64_t next = next_[index - 1].load(relaxed);  // P1; stale: compare fails
            if (top_.compare_exchange_weak(top, raised(top) | next, acquire, acquire))  // P1
                return &objects_[index - 1];
        }
    }

    // Gives an object of this pool back. Any thread; each taken object once.
    void give(T* object) {
        const auto at = static_cast<std::size_t>(object - objects_.data());
        platform::check(at < n, "an object was given to a pool that it was not taken from");
        std::uint64_t top = top_.load(relaxed);  // only compared; the exchange below orders
        do {
            next_[at].store(static_cast<std::uint32_t>(top & index_mask), relaxed);  // by P1
        } while (!top_.compare_exchange_weak(top, raised(top) | (at + 1), release, relaxed));  // P1
        waiter_.notify();
    }

    // As take, but sleeps until there is an object. One thread at a time, and not a pinned worker:
    // a worker that sleeps here would stop its other stages.
    [[nodiscard]] T& take_or_wait() {
        for (;;) {
            if (T* object = take(); object != nullptr) return *object;
            waiter_.announce();
            if (T* object = take(); object != nullptr) {
                waiter_.retract();
                return *object;
            }
            waiter_.sleep();
        }
    }

    [[nodiscard]] bool owns(const T* object) const {
        return objects_.data() <= object && object < objects_.data() + n;
    }

private:
    static constexpr std::uint64_t index_mask = 0xffff;
    static constexpr std::uint64_t raised(std::uint64_t top) {
        return (top & ~index_mask) + (index_mask + 1);
    }

    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> top_{0};
    WaitWord waiter_;
    std::array<sync::atomic<std::uint32_t>, n> next_{};
    alignas(platform::no_sharing_bytes) std::array<T, n> objects_{};
};

}  // namespace stator
