// core/view.hpp - the layout of the memory that other processes read: who we are, and where each
// record is.
//
//    file:  [ header, entries | records of the first node ][ records of the next node ] ...
//
// The header names the process and the board; each entry names a record, its node and worker, and
// its place in the file. Records are those of core/figures.hpp, core/registry.hpp and
// core/inbox_words.hpp. A reader maps the file read-only, checks magic, version and sizes, asks
// whether the process still lives (platform/claim.hpp), and then follows the entries.
//
// Threads    publish: the one that starts the scheduler. Reading: any process.
// Edges      V1  publish releases magic -> is_published acquires it : header and entries
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <stator/core/plan.hpp>
#include <stator/core/sync.hpp>
#include <stator/platform/claim.hpp>
#include <stator/platform/clock.hpp>

namespace stator {

inline constexpr std::uint64_t view_magic = 0x0a76'726f'7461'7453;  // "Stator", "v", a new line
// Changed with every change of a record's layout: readers of another version refuse.
inline constexpr std::uint32_t view_version = 3;

// A text of at most 31 characters; longer ones are cut.
struct ViewText {
    std::array<char, 32> text{};

    constexpr ViewText() = default;
    constexpr explicit ViewText(std::string_view from) {
        std::copy_n(from.begin(), std::min(from.size(), text.size() - 1), text.begin());
    }
    [[nodiscard]] std::string_view view() const {
        return {text.data(),
                static_cast<std::size_t>(std::find(text.begin(), text.end(), '\0') - text.begin())};
    }
};

// One record.
struct ViewEntry {
    Shown kind = Shown::none;
    std::int32_t node = -1;    // the kernel's number
    std::int32_t worker = -1;  // position on the board, or -1
    std::int32_t cpu = -1;     // of that worker
    std::uint64_t offset = 0;  // bytes from the beginning of the file
    std::uint64_t bytes = 0;
    ViewText name;  // worker or role
    ViewText to;    // a link's other end
};

struct ViewHeader {
    sync::atomic<std::uint64_t> magic{0};
    std::uint32_t version = view_version;
    std::uint32_t entry_bytes = sizeof(ViewEntry);
    std::uint64_t file_bytes = 0;
    std::uint64_t entries = 0;
    std::uint64_t process_id = 0;
    std::uint64_t process_started = 0;  // clock ticks since boot, as /proc/PID/stat says
    std::uint64_t process_space = 0;    // its pid namespace
    std::uint64_t begun_cycles = 0;     // the cycle counter when the scheduler started
    double cycles_per_ns = 1.0;
    ViewText board;

    [[nodiscard]] bool is_published() const {
        return magic.load(std::memory_order::acquire) == view_magic;  // V1
    }
    void publish() { magic.store(view_magic, std::memory_order::release); }  // V1
};

// The header with its entries behind it.
template <std::size_t n>
struct ViewTable {
    ViewHeader header;
    std::array<ViewEntry, n> entries{};
};

// Number of pieces that others read, without the header.
template <typename Pieces>
constexpr std::size_t shown_pieces(const Pieces& pieces) {
    std::size_t count = 0;
    for (const Piece& piece : pieces)
        count += piece.shown != Shown::none && piece.shown != Shown::header ? 1 : 0;
    return count;
}

// Fills the table from a plan. The board's thread, before `publish`.
template <std::size_t entries, std::size_t n>
void describe(ViewTable<entries>& table, const Board& b, const Plan<n>& plan,
              platform::Clock clock) {
    std::size_t i = 0;
    for (const Piece& piece : plan.pieces) {
        if (piece.shown == Shown::none || piece.shown == Shown::header) continue;
        const auto node = static_cast<std::size_t>(piece.node);
        ViewEntry& entry = table.entries[i++];
        entry.kind = piece.shown;
        entry.node = b.machine.nodes[node].id;
        entry.worker = piece.worker;
        if (piece.worker >= 0) entry.cpu = b.workers[static_cast<std::size_t>(piece.worker)].cpu;
        entry.offset = plan.view_offset(node) + piece.offset;
        entry.bytes = piece.bytes;
        entry.name = ViewText(piece.name);
        entry.to = ViewText(piece.to);
    }
    table.header.entries = entries;
    table.header.board = ViewText(b.name);
    table.header.process_id = static_cast<std::uint64_t>(platform::this_process().pid);
    table.header.process_started = platform::this_process().started;
    table.header.process_space = platform::this_process().space;
    table.header.begun_cycles = sync::cycles();
    table.header.cycles_per_ns = clock.cycles_per_ns;
    for (std::size_t k = 0; k < nodes_max; ++k) table.header.file_bytes += plan.view_bytes[k];
}

}  // namespace stator
