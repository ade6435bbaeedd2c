// core/registry.hpp - what runs now, where and since when: a fixed array of slots that anybody can
// read, also another process.
//
//    slot:  owner_ { generation : 63 | taken : 1 }  lock  id  kind  worker  started
//
// A slot is claimed once and then used again and again by its owner, who keeps the index: a worker
// claims one before its first task, so neither end of a task searches for anything. Where all slots
// are taken (or seem to be, while they change) the work runs all the same, and `overflows` counts
// it. A reader sees id, kind and start of one and the same piece of work, or nothing.
//
// Progress   begin, end: wait-free, some stores to a line of one's own. claim: lock-free, looks at
//            each slot once at most. Reading: see SequenceLock.
// Threads    claim, give_back: any. begin, end: the slot's owner. read, overflows: any, also of
//            another process.
// Edges      C1  give_back releases owner_ -> claim acquires it : the slot is empty
//            and Q1, Q2 of core/sequence_lock.hpp.
// Source     the behaviour of seq-runtime's strand registry, without its races: nothing is written
//            before the slot is one's own, and start and id are one record.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/sequence_lock.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/platform/check.hpp>

namespace stator {

// What stands in a slot. id 0: nothing runs there.
struct Running {
    std::uint64_t id = 0;
    ShortName kind;
    std::uint64_t worker = 0;   // its position on the board
    std::uint64_t started = 0;  // cycles
};

// A slot's index, and the generation in which it was claimed.
struct RegistryHandle {
    std::uint32_t index = UINT32_MAX;
    std::uint64_t generation = 0;

    [[nodiscard]] bool is_valid() const { return index != UINT32_MAX; }
};

class alignas(64) RegistrySlot {
    using enum std::memory_order;

public:
    RegistrySlot() : RegistrySlot(0) {}
    // `generation` is where the generations begin; tests start it just before it wraps.
    explicit RegistrySlot(std::uint64_t generation) : owner_(generation << 1) {}

    // True: the slot is the caller's, in `generation`.
    [[nodiscard]] bool claim(std::uint64_t& generation) {
        std::uint64_t owner = owner_.load(relaxed);  // only compared
        if ((owner & taken) != 0) return false;
        generation = owner >> 1;
        return owner_.compare_exchange_strong(owner, owner | taken, acquire, relaxed);  // C1
    }
    // False, and nothing changed, where the slot is not taken in this generation.
    [[nodiscard]] bool give_back(std::uint64_t generation) {
        std::uint64_t owner = generation << 1 | taken;
        return owner_.compare_exchange_strong(owner, owner + 1, release,
                                              relaxed);  // C1
    }

    void begin(const Running& work) {
        lock_.begin();
        id_.set(work.id);
        kind_[0].set(work.kind.words[0]);
        kind_[1].set(work.kind.words[1]);
        worker_.set(work.worker);
        started_.set(work.started);
        lock_.end();
    }
    void end() {
        lock_.begin();
        id_.set(0);
        lock_.end();
    }

    // False: the record was changing all the time.
    [[nodiscard]] bool read(Running& work) const {
        return lock_.read([&] {
            work.id = id_.value();
            work.kind.words = {kind_[0].value(), kind_[1].value()};
            work.worker = worker_.value();
            work.started = started_.value();
        });
    }

private:
    static constexpr std::uint64_t taken = 1;

    sync::atomic<std::uint64_t> owner_;
    SequenceLock lock_;
    SharedWord id_;
    std::array<SharedWord, 2> kind_;
    SharedWord worker_, started_;
};
static_assert(sizeof(RegistrySlot) == 64 || !sync::has_real_sizes, "a slot is one cache line");

template <std::size_t n>
class Registry {
    static_assert(1 <= n && n <= 65'536, "a registry has 1 to 65536 slots; set .registry_slots");
    using enum std::memory_order;

public:
    // A slot for the caller, or an invalid handle, counted, where all are taken. The search begins
    // at `hint`.
    [[nodiscard]] RegistryHandle claim(std::size_t hint = 0) {
        for (std::size_t i = 0; i < n; ++i) {
            RegistryHandle handle{.index = static_cast<std::uint32_t>((hint + i) % n)};
            if (slots_[handle.index].claim(handle.generation)) return handle;
        }
        (void)overflows_.fetch_add(1, relaxed);  // a count alone
        return {};
    }
    // Gives a slot back. False, and nothing changed: the handle is stale.
    [[nodiscard]] bool give_back(const RegistryHandle& handle) {
        return handle.index < n && slots_[handle.index].give_back(handle.generation);
    }
    // Work begins, or ends, in the slot of a handle that was claimed.
    void begin(const RegistryHandle& handle, const Running& work) {
        slots_[handle.index].begin(work);
    }
    void end(const RegistryHandle& handle) { slots_[handle.index].end(); }

    // Claims that found no slot, so far.
    [[nodiscard]] std::uint64_t overflows() const { return overflows_.load(relaxed); }  // a count

    // `see(work)` for every piece of work that runs now. Each was true at some time in the call.
    template <typename See>
    void each(See&& see) const {
        Running work;
        for (const RegistrySlot& slot : slots_)
            if (slot.read(work) && work.id != 0) see(work);
    }

private:
    std::array<RegistrySlot, n> slots_{};
    alignas(64) sync::atomic<std::uint64_t> overflows_{0};
};

}  // namespace stator
