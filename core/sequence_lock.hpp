// core/sequence_lock.hpp - several words that readers in any process see as they were together.
//
//   writer:  odd -> words -> even          reader:  even, words, the same even: a true picture
//
// One thread writes the record; any number read it, without writing anything: also through memory
// that is mapped read-only. Every word of the record is a Counter or a SharedWord, stored with
// release and loaded with acquire, so that no fence is needed: a reader that has seen a word of a
// newer picture also sees that the sequence has moved on.
//
// Progress   writer: wait-free. A reader tries again while the writer is inside.
// Threads    begin, end: the record's writer. read: any thread, any process.
// Edges      Q1  the words are stored release -> loaded acquire : carries the odd sequence
//            Q2  end releases sequence_ -> read acquires it     : the words of a whole picture
// Source     H.-J. Boehm, "Can Seqlocks Get Along with Programming Language Memory Models?",
//            MSPC 2012, section 4.
#pragma once
#include <cstdint>

#include <stator/core/sync.hpp>

namespace stator {

// A word of a record. One writer.
class SharedWord {
    using enum std::memory_order;

public:
    void set(std::uint64_t value) { value_.store(value, release); }             // Q1
    [[nodiscard]] std::uint64_t value() const { return value_.load(acquire); }  // Q1
    // For a platform call that writes it. The value orders nothing there.
    [[nodiscard]] sync::atomic<std::uint64_t>& raw() { return value_; }

private:
    sync::atomic<std::uint64_t> value_{0};
};

class SequenceLock {
    using enum std::memory_order;

public:
    SequenceLock() : SequenceLock(0) {}
    // `first` is where the sequence begins, an even number; tests start it just before it wraps.
    explicit SequenceLock(std::uint64_t first) : sequence_(first) {}

    // The picture changes from here on. Not nested.
    void begin() {
        sequence_.store(sequence_.load(relaxed) + 1, relaxed);  // one writer; the words carry it
    }
    // The picture is whole again.
    void end() { sequence_.store(sequence_.load(relaxed) + 1, release); }  // Q2; one writer

    // Calls `look()` until it has seen one whole picture, at most `tries` times. False: the writer
    // was always inside, or died there; what `look` copied may belong to different pictures.
    template <typename Look>
    [[nodiscard]] bool read(Look&& look, int tries = 1000) const {
        for (int i = 0; i < tries; ++i) {
            const std::uint64_t before = sequence_.load(std::memory_order::acquire);  // Q2
            look();
            const std::uint64_t after = sequence_.load(std::memory_order::relaxed);  // by Q1
            if (before % 2 == 0 && after == before) return true;
            sync::relax();
        }
        return false;
    }

private:
    sync::atomic<std::uint64_t> sequence_;
};

}  // namespace stator
