// platform/claim.cpp - claims on cpus as text files under a lock.
#include <stator/platform/claim.hpp>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stator/platform/shared_region.hpp>

namespace stator::platform {
namespace {

struct ProcessState {
    char state = 'X';
    std::uint64_t started = 0;
};

// From /proc/PID/stat; the name in it may hold anything, so fields are counted from its last ')'.
ProcessState state_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ProcessState s;
    const std::size_t end = text.rfind(')');
    if (end == std::string::npos) return s;
    std::istringstream fields(text.substr(end + 1));  // from field 3, the state, on
    std::string skipped;
    fields >> s.state;
    for (int field = 4; field < 22; ++field) fields >> skipped;
    if (!(fields >> s.started)) s.state = 'X';
    return s;
}

template <typename T>
bool read_number(std::string_view text, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

bool read_claim(const std::string& path, ClaimFacts& claim) {
    std::ifstream file(path);
    bool pid = false, started = false, cpus = false;
    int lines = 0;
    for (std::string line; std::getline(file, line) && ++lines <= 16;) {
        const std::size_t space = line.find(' ');
        if (space == std::string::npos) return false;
        const std::string key = line.substr(0, space), value = line.substr(space + 1);
        if (key == "pid") {
            pid = read_number(value, claim.process.pid);
        } else if (key == "started") {
            started = read_number(value, claim.process.started);
        } else if (key == "space") {
            (void)read_number(value, claim.process.space);
        } else if (key == "holder") {
            claim.holder = value;
        } else if (key == "region") {
            if (value.find('/') == std::string::npos) claim.region = value;
        } else if (key == "cpus") {
            const auto set = CpuSet::parse(value);
            cpus = set.has_value();
            if (set) claim.cpus = *set;
        }
    }
    claim.path = path;
    claim.alive = pid && is_alive(claim.process);
    return pid && started && cpus;
}

Status conflict(const ClaimFacts& claim, const CpuSet& cpus) {
    const CpuSet both = claim.cpus & cpus;
    const std::string what = (both.count() == 1 ? "cpu " + both.text() + " is held by '"
                                                : "cpus " + both.text() + " are held by '") +
                             claim.holder + "' of ";
    if (claim.process == this_process())
        return {Cause::cpu_claimed,
                what + "this process; stop that scheduler first, or use a board with other cpus"};
    const std::string pid = std::to_string(claim.process.pid);
    return {Cause::cpu_claimed, what + "process " + pid + " (" + program_of(claim.process.pid) +
                                    "); stop it ( kill " + pid +
                                    " ), or use a board with other cpus"};
}

// Where it is another user's both are refused, which is harmless: what is stale holds nothing.
void remove_stale(const ClaimFacts& claim) {
    // Only what that process can have made: a claim may be written by anybody.
    const bool its_own =
        claim.region.find('.' + std::to_string(claim.process.pid) + '.') != std::string::npos;
    if (its_own) (void)unlink((shared_folder() + '/' + claim.region).c_str());
    (void)unlink(claim.path.c_str());
}

// Holds the folder's lock while it lives.
class FolderLock {
public:
    FolderLock() : status_(open_shared_folder(fd_)) {
        if (!status_.ok()) return;
        while (flock(fd_, LOCK_EX) != 0) {
            if (errno == EINTR) continue;
            status_ = {Cause::view_refused, shared_folder() +
                                                ": could not be locked: " + error_text(errno) +
                                                "; name another folder in STATOR_SHM"};
            return;
        }
    }
    ~FolderLock() {
        if (fd_ >= 0) close(fd_);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    [[nodiscard]] const Status& status() const { return status_; }

private:
    int fd_ = -1;
    Status status_;
};

Status write_claim(const std::string& path, const std::string& text) {
    const std::string fresh = path + ".new";
    std::FILE* const file = std::fopen(fresh.c_str(), "w");
    int error = file == nullptr ? errno : 0;
    if (file != nullptr) {
        if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) error = errno;
        if (fchmod(fileno(file), 0644) != 0 && error == 0) error = errno;
        if (std::fclose(file) != 0 && error == 0) error = errno;
    }
    if (error == 0 && std::rename(fresh.c_str(), path.c_str()) != 0) error = errno;
    if (error == 0) return {};
    unlink(fresh.c_str());
    return {Cause::view_refused, path + ": the claim on cpus could not be written: " +
                                     error_text(error) + "; make room in " + shared_folder()};
}

}  // namespace

ProcessId this_process() {
    const int pid = getpid();
    struct stat space {};
    if (stat("/proc/self/ns/pid", &space) != 0) space.st_ino = 0;
    return {.pid = pid, .started = state_of(pid).started, .space = space.st_ino};
}

bool is_alive(ProcessId process) {
    if (process.pid <= 0) return false;
    if (process.space != this_process().space) return true;
    const ProcessState s = state_of(process.pid);
    return s.state != 'X' && s.state != 'Z' && s.started == process.started;
}

std::string program_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    return std::getline(file, name) ? name : "?";
}

std::vector<ClaimFacts> read_claims() {
    std::vector<ClaimFacts> all;
    for (const std::string& path : shared_files(".claim")) {
        ClaimFacts claim;
        if (read_claim(path, claim)) all.push_back(std::move(claim));
    }
    return all;
}

Status CpuClaim::take(const CpuSet& cpus, std::string_view holder, std::string_view region) {
    give_back();
    const FolderLock lock;
    if (!lock.status().ok()) return lock.status();
    for (const ClaimFacts& claim : read_claims()) {
        if (!claim.alive)
            remove_stale(claim);
        else if (!(claim.cpus & cpus).empty())
            return conflict(claim, cpus);
    }
    static std::atomic<unsigned> claims{0};  // of this process, so that names differ
    const ProcessId self = this_process();
    const std::string path = shared_folder() + '/' + std::to_string(self.pid) + '.' +
                             std::to_string(claims.fetch_add(1, std::memory_order::relaxed)) +
                             ".claim";  // a number
    const std::string text = "pid " + std::to_string(self.pid) + "\nstarted " +
                             std::to_string(self.started) + "\nspace " +
                             std::to_string(self.space) + "\nholder " + std::string(holder) +
                             "\ncpus " + cpus.text() + "\nregion " + std::string(region) + '\n';
    if (Status s = write_claim(path, text); !s.ok()) return s;
    path_ = path;
    owner_ = self.pid;
    return {};
}

void CpuClaim::give_back() {
    if (path_.empty()) return;
    if (owner_ == getpid()) unlink(path_.c_str());
    path_.clear();
}

}  // namespace stator::platform
