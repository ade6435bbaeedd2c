// platform/node_memory.hpp - memory on a NUMA node: bind, populate, lock, guard, and ask where it
// is.
//
// The only user of libnuma's headers. All calls work on whole pages of this process, are made by
// the thread that starts or stops a scheduler, and answer with a Status whose text has the remedy.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <stator/platform/status.hpp>

namespace stator::platform {

struct Range {
    std::byte* at = nullptr;
    std::size_t bytes = 0;
    [[nodiscard]] std::byte* end() const { return at + bytes; }
    [[nodiscard]] bool has(const void* byte) const {
        const auto first = reinterpret_cast<std::uintptr_t>(at);
        return reinterpret_cast<std::uintptr_t>(byte) - first < bytes;
    }
};

// Where the pages of a range are, by the kernel's own answer.
struct Residency {
    std::size_t here = 0;       // on the node asked about
    std::size_t elsewhere = 0;  // on another node
    std::size_t absent = 0;     // in no memory at all
    bool known = true;          // false: this kernel does not answer the question
    std::string why_unknown;
    int first_wrong_node = -1;  // of the first page that is elsewhere
    std::size_t first_wrong_page = 0;

    [[nodiscard]] std::size_t pages() const { return here + elsewhere + absent; }
    // The range that `other` speaks of, behind this one; both of the same node.
    void add(const Residency& other);
};

// Whether `node` has `bytes` free now; the page cache counts as free. Source: the node's meminfo
// file, or on a machine of one node proc(5), /proc/meminfo, MemAvailable.
Status enough_memory(int node, std::uint64_t bytes);

// Pages of the range come from `node` only. Source: mbind(2), MPOL_BIND with MPOL_MF_MOVE.
Status bind_to_node(Range range, int node);
void unbind(Range range);

// Takes every page now, so that a short node is an error here and not a kill later.
// Source: madvise(2), MADV_POPULATE_WRITE; kernels before 5.14 get one write a page instead.
Status populate(Range range, int node);

// Keeps the range in memory. Source: mlock(2).
Status lock(Range range);
void unlock(Range range);

// Makes the range untouchable: a stack that grows into it ends in SIGSEGV. Source: mprotect(2).
Status guard(Range range);
void unguard(Range range);

// A child of fork() does not get the range. Source: madvise(2), MADV_DONTFORK.
Status keep_from_children(Range range);
void share_with_children(Range range);

// Puts huge pages of `node` under the range, which must be empty and aligned to them. They are
// mapped elsewhere first and moved over the range: a failed mapping in place would leave a hole in
// it.
Status put_on_huge_pages(Range range, int node);
// Puts ordinary empty pages back.
void put_on_ordinary_pages(Range range);

// Gives all pages back to the kernel; the range reads as zeros afterwards.
void empty(Range range);

// Asks the kernel. Source: move_pages(2) with no target nodes.
[[nodiscard]] Residency residency(Range range, int node);

// The node that has the page of this address, by the kernel's number; -1 where it is in no memory,
// or the kernel does not answer. Any thread; allocates nothing. Source: as `residency`.
[[nodiscard]] int node_of_memory(const void* at);

// Locks text, constants and data of the program and its libraries, but for `except` (sorted or
// not), and appends what it locked to `locked`. What was locked before is left to its owner.
// Source: proc(5), /proc/self/smaps.
Status lock_program(std::span<const Range> except, std::vector<Range>& locked);

}  // namespace stator::platform
