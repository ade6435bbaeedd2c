// platform/claim.hpp - which process holds which cpus, so that two never pin workers to one.
//
// A claim is a small text file that everybody may read, beside the shared regions. Claims are made
// under a lock on the folder. One whose process has ended is stale, and makes way: the process is
// known by its number and its start time, as numbers are used again. The folder is writable for
// everybody, as cpus belong to nobody: whoever may run programs here can also hold cpus back.
//
// Claims are seen by all that share the folder. A container with a /dev/shm of its own sees only
// its own claims; give containers that share cpus the same folder (`--ipc=host`).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <stator/platform/cpu_set.hpp>
#include <stator/platform/status.hpp>

namespace stator::platform {

struct ProcessId {
    int pid = 0;
    std::uint64_t started = 0;  // clock ticks after boot. Source: proc(5), /proc/PID/stat, field 22
    std::uint64_t space = 0;    // in which `pid` counts. Source: pid_namespaces(7), the inode

    bool operator==(const ProcessId&) const = default;
};

[[nodiscard]] ProcessId this_process();
// Whether that very process runs; one that has ended and was not waited for does not. One of
// another pid namespace cannot be seen from here and counts as alive.
[[nodiscard]] bool is_alive(ProcessId process);
// The name of the program that the process runs, or "?".
[[nodiscard]] std::string program_of(int pid);

struct ClaimFacts {
    std::string path;
    ProcessId process;
    std::string holder;  // "board host"
    std::string region;  // the name of its shared region in the folder, or ""
    CpuSet cpus;
    bool alive = false;
};

// All claims in the folder, by path. What is not a claim is left out. Allocates; any thread.
[[nodiscard]] std::vector<ClaimFacts> read_claims();

// A claim of this process. One thread at a time.
class CpuClaim {
public:
    CpuClaim() = default;
    ~CpuClaim() { give_back(); }
    CpuClaim(const CpuClaim&) = delete;
    CpuClaim& operator=(const CpuClaim&) = delete;

    // Claims `cpus` for `holder`, which will make the shared region `region` ("" for none): what is
    // left of that after a crash is removed with the stale claim. Refused as cpu_claimed where a
    // living process (or another claim of this one) holds one of them; the text says which, who,
    // and what to do. Refused as view_refused where claims cannot be made. Stale claims are removed
    // on the way, where that is allowed, and with one its region, if that has the process's number
    // in its name. Source: flock(2).
    Status take(const CpuSet& cpus, std::string_view holder, std::string_view region = {});

    // Gives the cpus back. Nothing to do without a claim, and in a forked child.
    void give_back();

private:
    std::string path_;
    int owner_ = 0;  // the process that made it
};

}  // namespace stator::platform
