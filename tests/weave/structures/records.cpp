// tests/weave/structures/records.cpp - what others read while it changes: SequenceLock, the shared
// view's records, and the Registry.
#include <array>
#include <cstdint>

#include <stator/core/counter.hpp>
#include <stator/core/registry.hpp>
#include <stator/core/sequence_lock.hpp>

#include "cases.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

// Two words of one picture, the one always twice the other.
struct Record {
    SequenceLock lock{UINT64_MAX - 1};
    Counter count;
    SharedWord twice;
    Counter peak;

    void writer() {
        for (std::uint64_t i = 1; i <= 2; ++i) {
            lock.begin();
            count.add();
            twice.set(2 * i);
            peak.raise_to(3 * i);
            lock.end();
        }
    }
    void reader() {
        std::uint64_t c = 0, t = 0, p = 0;
        const auto look = [&] {
            p = peak.value();
            c = count.value();
            t = twice.value();
        };
        if (lock.read(look, 2)) weave::expect(t == 2 * c && p == 3 * c, "a picture is of one time");
    }
};
const Played record({.structure = "sequence_lock",
                     .name = "a_picture_is_of_one_time_across_the_wrap",
                     .invariants = "SEQUENCE",
                     .options = {},
                     .explore = play<Record, &Record::writer, &Record::reader>});

struct DeadWriter : Record {
    void impatient() {
        std::uint64_t c = 0, t = 0;
        const auto look = [&] {
            c = count.value();
            t = twice.value();
        };
        // Without the spin hint of a second try: a dead writer stores no more.
        if (lock.read(look, 1)) weave::expect(t == 2 * c, "a picture is of one time");
    }
};
template <typename Model>
weave::Report play_dead_writer(const weave::Options& options) {
    return weave::explore<Model>(options, &Model::writer, &Model::impatient);
}
const Played dead_writer({.structure = "sequence_lock",
                          .name = "a_writer_that_dies_inside_leaves_no_false_picture",
                          .invariants = "SEQUENCE",
                          .options = {.crash = 0},
                          .explore = play_dead_writer<DeadWriter>});

// Two owners come and go on one slot; a reader sees id, worker and start of one piece of work.
struct Slots {
    Registry<1> registry;
    weave::plain<int> owner{0};
    unsigned held = 0;

    void work(std::uint64_t id) {
        const RegistryHandle handle = registry.claim();
        if (!handle.is_valid()) return;
        weave::write(owner) = static_cast<int>(id);
        registry.begin(handle, {.id = id, .kind = {}, .worker = id + 1, .started = id + 2});
        registry.end(handle);
        weave::expect(weave::read(owner) == static_cast<int>(id), "a slot has one owner");
        weave::expect(registry.give_back(handle), "an owner can give back");
        weave::expect(!registry.give_back(handle), "a stale handle is refused");
    }
    void first() { work(10); }
    void second() { work(20); }
    void reader() {
        registry.each([](const Running& r) {
            weave::expect(r.worker == r.id + 1 && r.started == r.id + 2,
                          "what is read belongs to one piece of work");
        });
    }
};
const Played slots({.structure = "registry",
                    .name = "a_slot_has_one_owner_and_a_reader_sees_one_piece_of_work",
                    .invariants = "REG_UNIQUE SEQUENCE",
                    .options = {.stale_reads = 2},
                    .explore = play<Slots, &Slots::first, &Slots::second, &Slots::reader>});

// One slot whose generation is about to wrap.
struct Wrapping {
    RegistrySlot slot{UINT64_MAX >> 1};
    weave::plain<int> owner{0};

    void work() {
        std::uint64_t generation = 0;
        while (!slot.claim(generation)) weave::relax();
        weave::write(owner) = static_cast<int>(weave::this_thread());
        weave::expect(slot.give_back(generation), "an owner can give back");
        weave::expect(!slot.give_back(generation), "a stale handle is refused");
    }
};
const Played wrapping({.structure = "registry",
                       .name = "generations_wrap_and_stale_handles_stay_refused",
                       .invariants = "REG_UNIQUE",
                       .options = {},
                       .explore = play<Wrapping, &Wrapping::work, &Wrapping::work>});

}  // namespace
}  // namespace stator::test
