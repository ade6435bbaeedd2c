// platform/node_memory.cpp - memory on a NUMA node, by mbind, madvise, mlock and move_pages.
#include <stator/platform/node_memory.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string_view>

#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stator/platform/cpu.hpp>

#ifndef MADV_POPULATE_WRITE
#error "the C library is older than Linux 5.14's MADV_POPULATE_WRITE; build on Debian 12 or later"
#endif

namespace stator::platform {
namespace {

std::string mib(std::uint64_t bytes) {
    const std::uint64_t tenths = (bytes * 10 + (1u << 19)) >> 20;
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " MiB";
}

std::string on_node(int node) {
    return "node " + std::to_string(node);
}

std::size_t page_bytes() {
    return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// A node mask for mbind; nodes above 1023 do not exist on Linux (NODES_SHIFT is 10 at most).
struct NodeMask {
    std::array<unsigned long, 16> words{};
    explicit NodeMask(int node) {
        words[static_cast<std::size_t>(node) / 64] = 1ul << (static_cast<unsigned>(node) % 64);
    }
    [[nodiscard]] unsigned long bits() const { return words.size() * 64; }
};

Status refused(Cause cause, std::string what, int error, std::string remedy) {
    return {cause, std::move(what) + ": " + error_text(error) + "; " + std::move(remedy)};
}

Status short_node(int node, std::uint64_t wanted) {
    return {
        Cause::memory_short,
        on_node(node) + ": no memory for " + mib(wanted) +
            "; free some (see `numactl -H`), raise the cgroup's memory.max, or make the board's "
            "rings and tables smaller"};
}

}  // namespace

namespace {

// The sum of some lines of a meminfo file, in bytes; nothing where none of them is there.
std::optional<std::uint64_t> meminfo(const std::string& file,
                                     std::initializer_list<std::string_view> keys) {
    std::ifstream info(file);
    std::optional<std::uint64_t> bytes;
    for (std::string line; std::getline(info, line);) {
        for (const std::string_view key : keys) {  // "Node 0 MemFree:   123 kB", "MemFree: 123 kB"
            const std::size_t at = line.find(key);
            if (at == std::string::npos || (at > 0 && line[at - 1] != ' ')) continue;
            const std::uint64_t kib = std::strtoull(line.c_str() + at + key.size(), nullptr, 10);
            bytes = bytes.value_or(0) + kib * 1024;
        }
    }
    return bytes;
}

}  // namespace

Status enough_memory(int node, std::uint64_t bytes) {
    // The kernel drops clean cache for us; a page that cannot be dropped shows up in populate.
    const auto free_bytes =
        numa_available() < 0 || numa_max_node() == 0
            ? meminfo("/proc/meminfo", {"MemAvailable:"})
            : meminfo("/sys/devices/system/node/node" + std::to_string(node) + "/meminfo",
                      {"MemFree:", "FilePages:", "SReclaimable:"});
    if (!free_bytes || *free_bytes >= bytes) return {};  // unknown: populate will tell
    return {Cause::memory_short,
            on_node(node) + ": " + mib(bytes) + " needed, " + mib(*free_bytes) +
                " free; free some (see `numactl -H`), or make the board's rings "
                "and tables smaller"};
}

Status bind_to_node(Range range, int node) {
    NodeMask mask(node);
    if (mbind(range.at, range.bytes, MPOL_BIND, mask.words.data(), mask.bits(),
              MPOL_MF_MOVE | MPOL_MF_STRICT) == 0)
        return {};
    const int error = errno;
    return refused(
        Cause::memory_refused, on_node(node) + ": mbind of " + mib(range.bytes) + " was refused",
        error,
        error == EPERM || error == ENOSYS
            ? "the container's seccomp profile or the kernel does not allow it; run with "
              "CAP_SYS_NICE or a profile that allows mbind"
            : "the node is offline or outside this process's cpuset (see `grep "
              "Mems_allowed_list /proc/self/status`)");
}

void unbind(Range range) {
    mbind(range.at, range.bytes, MPOL_DEFAULT, nullptr, 0, 0);
}

Status populate(Range range, int node) {
    if (madvise(range.at, range.bytes, MADV_POPULATE_WRITE) == 0) return {};
    if (errno == EINVAL || errno == ENOSYS) {
        const std::size_t step = page_bytes();
        for (std::size_t at = 0; at < range.bytes; at += step) {
            auto* cell = reinterpret_cast<unsigned char*>(range.at + at);
            // An atomic write of what is there: the compiler keeps it, and it faults the page in.
            __atomic_fetch_or(cell, static_cast<unsigned char>(0), __ATOMIC_RELAXED);
        }
        return {};
    }
    if (errno == ENOMEM || errno == EFAULT || errno == EHWPOISON)
        return short_node(node, range.bytes);
    return refused(Cause::memory_refused, on_node(node) + ": MADV_POPULATE_WRITE was refused",
                   errno, "see madvise(2)");
}

Status lock(Range range) {
    if (mlock(range.at, range.bytes) == 0) return {};
    const int error = errno;
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    return refused(Cause::lock_refused,
                   "locking " + mib(range.bytes) + " was refused (limit: " +
                       (limit.rlim_cur == RLIM_INFINITY ? "none" : mib(limit.rlim_cur)) + ")",
                   error,
                   "raise `ulimit -l` (systemd: LimitMEMLOCK=infinity) or give the process "
                   "CAP_IPC_LOCK; without it pages may be taken away later");
}

void unlock(Range range) {
    munlock(range.at, range.bytes);
}

Status guard(Range range) {
    if (mprotect(range.at, range.bytes, PROT_NONE) == 0) return {};
    return refused(Cause::memory_refused, "the guard page of a stack was refused", errno,
                   "raise vm.max_map_count (`sysctl vm.max_map_count`)");
}

void unguard(Range range) {
    mprotect(range.at, range.bytes, PROT_READ | PROT_WRITE);
}

Status keep_from_children(Range range) {
    if (madvise(range.at, range.bytes, MADV_DONTFORK) == 0) return {};
    return refused(Cause::memory_refused, "MADV_DONTFORK was refused", errno,
                   "raise vm.max_map_count (`sysctl vm.max_map_count`)");
}

void share_with_children(Range range) {
    madvise(range.at, range.bytes, MADV_DOFORK);
}

Status put_on_huge_pages(Range range, int node) {
    const std::string pages = std::to_string(range.bytes / huge_page_bytes);
    const auto refusal = [&](int error) {
        return refused(Cause::huge_pages_refused,
                       on_node(node) + ": " + pages + " huge pages of 2 MiB were refused", error,
                       "run  echo " + pages + " > /sys/devices/system/node/node" +
                           std::to_string(node) +
                           "/hugepages/hugepages-2048kB/nr_hugepages  "
                           "(added to what is there), or set .huge_pages = HugePages::off");
    };
    void* fresh = mmap(nullptr, range.bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (fresh == MAP_FAILED) return refusal(errno);
    const Range huge{.at = static_cast<std::byte*>(fresh), .bytes = range.bytes};
    Status s = bind_to_node(huge, node);
    if (!s.ok() && numa_max_node() == 0) s = {};  // one node: there is no other place
    if (s.ok() && madvise(huge.at, huge.bytes, MADV_POPULATE_WRITE) != 0) s = refusal(errno);
    if (s.ok() && mremap(huge.at, huge.bytes, huge.bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
                         range.at) == MAP_FAILED)
        s = refusal(errno);
    if (!s.ok()) munmap(huge.at, huge.bytes);
    return s;
}

void put_on_ordinary_pages(Range range) {
    void* fresh =
        mmap(nullptr, range.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return;  // the huge pages stay: as good, and still ours
    mremap(fresh, range.bytes, range.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, range.at);
}

void empty(Range range) {
    // Refused where the program itself has locked all its memory; then we write the zeros.
    if (madvise(range.at, range.bytes, MADV_DONTNEED) != 0) std::memset(range.at, 0, range.bytes);
}

Residency residency(Range range, int node) {
    constexpr std::size_t batch = 1024;
    std::array<void*, batch> pages{};
    std::array<int, batch> where{};
    Residency r;
    const std::size_t step = page_bytes();
    const std::size_t all = range.bytes / step;
    for (std::size_t done = 0; done < all;) {
        const std::size_t n = std::min(batch, all - done);
        for (std::size_t i = 0; i < n; ++i) pages[i] = range.at + (done + i) * step;
        if (move_pages(0, n, pages.data(), nullptr, where.data(), 0) != 0) {
            r.known = false;
            r.why_unknown = "move_pages: " + error_text(errno);
            return r;
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (where[i] == node) {
                ++r.here;
            } else if (where[i] < 0) {
                ++r.absent;
            } else {
                if (r.elsewhere++ > 0) continue;
                r.first_wrong_node = where[i];
                r.first_wrong_page = done + i;
            }
        }
        done += n;
    }
    return r;
}

void Residency::add(const Residency& other) {
    if (first_wrong_node < 0 && other.first_wrong_node >= 0) {
        first_wrong_node = other.first_wrong_node;
        first_wrong_page = pages() + other.first_wrong_page;
    }
    here += other.here;
    elsewhere += other.elsewhere;
    absent += other.absent;
    if (known) why_unknown = other.why_unknown;
    known = known && other.known;
}

int node_of_memory(const void* at) {
    void* page = const_cast<void*>(at);
    int where = -1;
    return move_pages(0, 1, &page, nullptr, &where, 0) == 0 && where >= 0 ? where : -1;
}

namespace {

// One mapping of /proc/self/smaps.
struct Mapping {
    std::uintptr_t begin = 0, end = 0;
    std::string access, path;
    bool locked = false;
};

std::vector<Mapping> read_mappings() {
    std::vector<Mapping> all;
    std::ifstream smaps("/proc/self/smaps");
    for (std::string line; std::getline(smaps, line);) {
        Mapping m;
        unsigned long begin = 0, end = 0, offset = 0, inode = 0;
        char access[8] = {}, device[16] = {}, path[4096] = {};
        if (std::sscanf(line.c_str(), "%lx-%lx %7s %lx %15s %lu %4095[^\n]", &begin, &end, access,
                        &offset, device, &inode, path) >= 6) {
            m.begin = begin;
            m.end = end;
            m.access = access;
            m.path = path;
            all.push_back(std::move(m));
        } else if (line.rfind("VmFlags:", 0) == 0 && !all.empty()) {
            all.back().locked = line.find(" lo") != std::string::npos;
        }
    }
    return all;
}

// A program's or library's segment: mapped from a file, or the zeroed data right behind such a one.
bool belongs_to_program(const std::vector<Mapping>& all, std::size_t i) {
    const Mapping& m = all[i];
    if (m.access.size() < 4 || m.access[0] != 'r' || m.access[3] != 'p') return false;
    if (!m.path.empty()) return m.path[0] == '/';
    for (std::size_t k = i; k > 0 && all[k - 1].end == all[k].begin; --k) {
        if (!all[k - 1].path.empty()) return all[k - 1].path[0] == '/';
    }
    return false;
}

// What is left of [begin, end) without the ranges in `except`.
std::vector<Range> pieces_without(std::uintptr_t begin, std::uintptr_t end,
                                  const std::vector<Range>& except) {
    std::vector<Range> left;
    const auto keep = [&](std::uintptr_t from, std::uintptr_t to) {
        if (from < to) left.push_back({reinterpret_cast<std::byte*>(from), to - from});
    };
    for (const Range& hole : except) {
        const auto from = reinterpret_cast<std::uintptr_t>(hole.at);
        const auto to = from + hole.bytes;
        if (to <= begin || end <= from) continue;
        keep(begin, from);
        begin = std::max(begin, to);
    }
    keep(begin, end);
    return left;
}

}  // namespace

Status lock_program(std::span<const Range> except, std::vector<Range>& locked) {
    std::vector<Range> holes(except.begin(), except.end());
    std::sort(holes.begin(), holes.end(),
              [](const Range& a, const Range& b) { return a.at < b.at; });
    const std::vector<Mapping> all = read_mappings();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].locked || !belongs_to_program(all, i)) continue;
        for (const Range& piece : pieces_without(all[i].begin, all[i].end, holes)) {
            if (Status s = lock(piece); !s.ok()) return s;
            locked.push_back(piece);
        }
    }
    return {};
}

}  // namespace stator::platform
