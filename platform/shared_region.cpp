// platform/shared_region.cpp - shared memory files by open, fallocate, mmap and mremap.
#include <stator/platform/shared_region.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stator::platform {
namespace {

Status refusal(const std::string& what, const std::string& remedy) {
    return {Cause::view_refused, what + "; " + remedy};
}

constexpr mode_t everybody_their_own = 01777;

}  // namespace

std::string shared_folder() {
    const char* named = std::getenv("STATOR_SHM");
    return named != nullptr && *named != '\0' ? named : "/dev/shm/stator";
}

Status open_shared_folder(int& fd) {
    const std::string folder = shared_folder();
    if (mkdir(folder.c_str(), everybody_their_own) == 0)
        (void)chmod(folder.c_str(), everybody_their_own);  // whatever the umask is
    fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return refusal(folder + ": is no folder that can be opened: " + error_text(errno),
                       "mount a tmpfs on /dev/shm, or name another folder in STATOR_SHM");
    if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0) return {};
    close(std::exchange(fd, -1));
    return refusal(folder + ": cannot be written to",
                   "run  chmod 1777 " + folder + ", or name another folder in STATOR_SHM");
}

std::vector<std::string> shared_files(std::string_view suffix) {
    std::vector<std::string> files;
    const std::string folder = shared_folder();
    DIR* const dir = opendir(folder.c_str());
    if (dir == nullptr) return files;
    while (const dirent* entry = readdir(dir)) {
        const std::string_view name = entry->d_name;
        if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix)
            files.push_back(folder + '/' + entry->d_name);
    }
    closedir(dir);
    std::sort(files.begin(), files.end());
    return files;
}

Status SharedRegion::create(const std::string& name, std::size_t bytes, unsigned permissions) {
    remove();
    int folder = -1;
    if (Status s = open_shared_folder(folder); !s.ok()) return s;
    const std::string path = shared_folder() + '/' + name;
    fd_ = openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const int error = errno;
    close(folder);
    if (fd_ < 0)
        return refusal(path + ": could not be made: " + error_text(error),
                       error == EEXIST ? "remove what is left of an earlier run:  rm " + path
                                       : "make room there, or set view.shared = false");
    path_ = path;
    owner_ = getpid();
    bytes_ = bytes;
    int failed = fchmod(fd_, static_cast<mode_t>(permissions)) == 0 ? 0 : errno;
    if (failed == 0) failed = posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
    if (failed == 0) return {};
    remove();
    return refusal(path + ": " + std::to_string(bytes) +
                       " bytes of shared memory were refused: " + error_text(failed),
                   "make /dev/shm larger ( mount -o remount,size=1G /dev/shm ; docker run "
                   "--shm-size=1g ), or set view.shared = false");
}

Status SharedRegion::lay_over(Range range, std::size_t offset) const {
    if (offset > bytes_ || range.bytes > bytes_ - offset)
        return refusal(
            path_ + ": has " + std::to_string(bytes_) + " bytes, and more were asked for",
            "this is a mistake in the program; create it larger");
    void* const elsewhere = mmap(nullptr, range.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_,
                                 static_cast<off_t>(offset));
    if (elsewhere == MAP_FAILED)
        return refusal(path_ + ": could not be mapped: " + error_text(errno),
                       "raise `ulimit -v`, or set view.shared = false");
    if (mremap(elsewhere, range.bytes, range.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, range.at) !=
        MAP_FAILED)
        return {};
    const int error = errno;
    munmap(elsewhere, range.bytes);
    return refusal(path_ + ": could not be moved over our pages: " + error_text(error),
                   "raise vm.max_map_count, or set view.shared = false");
}

Status SharedRegion::take_anew(std::size_t offset, std::size_t bytes) const {
    const auto begin = static_cast<off_t>(offset), length = static_cast<off_t>(bytes);
    if (fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, length) != 0)
        return {};  // no tmpfs: the pages stay, and whoever asks the kernel sees where
    if (const int failed = posix_fallocate(fd_, begin, length); failed != 0)
        return refusal(path_ + ": " + std::to_string(bytes) +
                           " bytes of shared memory were given back, and refused when asked for "
                           "again: " +
                           error_text(failed),
                       "start again, or make /dev/shm larger, or set view.shared = false");
    return {};
}

void SharedRegion::remove() {
    if (fd_ < 0) return;
    if (owner_ == getpid()) unlink(path_.c_str());
    close(std::exchange(fd_, -1));
    path_.clear();
    bytes_ = 0;
}

RegionMap::~RegionMap() {
    if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}
RegionMap::RegionMap(RegionMap&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
RegionMap& RegionMap::operator=(RegionMap&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

Status RegionMap::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return refusal(path + ": could not be opened: " + error_text(errno),
                       errno == EACCES ? "ask as the user who runs it, or widen view.permissions"
                                       : "has the program ended? `stator top` lists what runs");
    struct stat info {};
    const bool known = fstat(fd, &info) == 0;
    const auto page = static_cast<off_t>(sysconf(_SC_PAGESIZE));
    void* at = MAP_FAILED;
    if (known && S_ISREG(info.st_mode) && info.st_size >= page)
        at = mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return refusal(path + ": is not the view of a scheduler", "name a file that ends in .view");
    *this = RegionMap();
    bytes_ = {static_cast<const std::byte*>(at), static_cast<std::size_t>(info.st_size)};
    return {};
}

}  // namespace stator::platform
