// platform/claim.cpp - claims on cpus as text files under a lock.
#include <stator/platform/claim.hpp>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <sstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stator/platform/shared_region.hpp>

namespace stator::platform {
namespace {

// A file's text, at most `limit` bytes of it; "" where it is no regular file. Never waits: in a
// folder that is writable for everybody a name may be anything.
std::string text_of(const std::string& path, std::size_t limit) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return {};
    struct stat info {};
    std::string text;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        text.resize(limit);
        const ssize_t n = read(fd, text.data(), limit);
        text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    }
    close(fd);
    return text;
}

struct ProcessState {
    char state = 'X';
    int threads = 0;
    std::uint64_t started = 0;
};

// From /proc/PID/stat; the name in it may hold anything, so fields are counted from its last ')'.
ProcessState state_of(int pid) {
    const std::string text = text_of("/proc/" + std::to_string(pid) + "/stat", 4096);
    ProcessState s;
    const std::size_t end = text.rfind(')');
    if (end == std::string::npos) return s;
    std::istringstream fields(text.substr(end + 1));  // from field 3, the state, on
    std::string skipped;
    fields >> s.state;
    for (int field = 4; field < 20; ++field) fields >> skipped;
    fields >> s.threads >> skipped >> s.started;
    if (!fields) s.state = 'X';
    return s;
}

template <typename T>
bool read_number(std::string_view text, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

bool read_claim(const std::string& path, ClaimFacts& claim) {
    std::istringstream file(text_of(path, 16'384));
    bool pid = false, started = false, cpus = false;
    for (std::string line; std::getline(file, line);) {
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
    if (claim.process.space != this_process().space)
        return {Cause::cpu_claimed, what + "process " + pid + " of another container (claim " +
                                        claim.path +
                                        "); stop that, or use a board with other cpus"};
    return {Cause::cpu_claimed, what + "process " + pid + " (" + program_of(claim.process.pid) +
                                    "); stop it ( kill " + pid +
                                    " ), or use a board with other cpus"};
}

// Where it is another user's both are refused, which is harmless: what is stale holds nothing.
void remove_stale(const ClaimFacts& claim) {
    // Only what that process can have made, and of the claim's user: anybody may write a claim.
    const std::string region = shared_folder() + '/' + claim.region;
    struct stat ours {
    }, its{};
    const bool its_own =
        claim.region.find('.' + std::to_string(claim.process.pid) + '.') != std::string::npos &&
        lstat(claim.path.c_str(), &ours) == 0 && lstat(region.c_str(), &its) == 0 &&
        ours.st_uid == its.st_uid;
    if (its_own) (void)unlink(region.c_str());
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
        if (fd_ < 0) return;
        flock(fd_, LOCK_UN);  // a child that was forked meanwhile has it open, too
        close(fd_);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    [[nodiscard]] const Status& status() const { return status_; }

private:
    int fd_ = -1;
    Status status_;
};

// A name for a claim that no file has: a process of the same number, ended or in another pid
// namespace, may have its own. Under the folder's lock.
std::string free_path(int pid) {
    static std::atomic<unsigned> claims{0};  // of this process, so that names differ
    for (struct stat info{};;) {
        const unsigned number = claims.fetch_add(1, std::memory_order::relaxed);  // only a number
        std::string path =
            shared_folder() + '/' + std::to_string(pid) + '.' + std::to_string(number) + ".claim";
        if (lstat(path.c_str(), &info) != 0 && lstat((path + ".new").c_str(), &info) != 0)
            return path;
    }
}

Status write_claim(const std::string& path, const std::string& text) {
    const std::string fresh = path + ".new";
    (void)unlink(fresh.c_str());  // of a crash; never written through, whatever it is
    const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    int error = fd < 0 ? errno : 0;
    if (error == 0 && write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        error = errno;
    if (error == 0 && fchmod(fd, 0644) != 0) error = errno;
    if (fd >= 0) close(fd);
    if (error == 0 && rename(fresh.c_str(), path.c_str()) != 0) error = errno;
    if (error == 0) return {};
    unlink(fresh.c_str());
    return {Cause::view_refused,
            path + ": the claim on cpus could not be written: " + error_text(error) +
                "; make room in " + shared_folder() + ", and remove that file if it is there"};
}

// One line of a claim: a line break in it would begin another one.
std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return line;
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
    // Hidden from us (hidepid of proc(5)): there is such a process, and no more is known.
    if (s.started == 0) return kill(process.pid, 0) != 0 && errno == EPERM;
    // The first thread of a process may have ended before the others: it is a zombie with threads.
    const bool ended = s.state == 'X' || (s.state == 'Z' && s.threads <= 1);
    return !ended && s.started == process.started;
}

std::string program_of(int pid) {
    const std::string name = text_of("/proc/" + std::to_string(pid) + "/comm", 64);
    return name.empty() ? "?" : one_line(name.substr(0, name.find('\n')));
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
    const ProcessId self = this_process();
    const std::string path = free_path(self.pid);
    const std::string text = "pid " + std::to_string(self.pid) + "\nstarted " +
                             std::to_string(self.started) + "\nspace " +
                             std::to_string(self.space) + "\nholder " + one_line(holder) +
                             "\ncpus " + cpus.text() + "\nregion " + one_line(region) + '\n';
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
