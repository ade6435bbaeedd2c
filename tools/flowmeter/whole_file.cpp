// tools/flowmeter/whole_file.cpp - write beside, flush, rename.
#include "flowmeter/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace stator::flowmeter {
namespace {

Failure cannot_write(const std::string& path, int error) {
    const auto because = [&](std::string_view why, std::string_view remedy) {
        return Failure{.exit_code = exit_partial,
                       .message = fmt::format("{}: {}; {}", path, why, remedy)};
    };
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return because("the directory to write it in does not exist",
                           "make it, or choose another path");
        case EISDIR:
            return because("is a directory", "name a file in it");
        case EACCES:
        case EPERM:
            return because("no permission to write it", "choose a path that this user may write");
        case EROFS:
            return because("its file system is read-only", "choose another path");
        case ENOSPC:
        case EDQUOT:
            return because("the disk is full", "make room, or choose another path");
        case EPIPE:
            return because("its reader has gone", "let the reader wait for the end");
        default:
            return because(fmt::format("cannot be written ({})", std::strerror(error)),
                           "choose another path");
    }
}

// 0, or the system's error number.
int write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

// Whether `path` names what this process has open, which must not be replaced, be it a file or not.
bool is_open_already(std::string_view path) {
    return path == "/dev/stdout" || path == "/dev/stderr" || path.starts_with("/dev/fd/");
}

// To the end of what is there already and must not be replaced, such as a pipe.
int write_through(const std::string& path, std::string_view text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0) return errno;
    const int error = write_all(file, text);
    return ::close(file) != 0 && error == 0 ? errno : error;
}

// Into a file of another name, which then takes the place of `path`.
int write_beside(const std::string& path, std::string_view text) {
    const std::string beside = fmt::format("{}.{}.part", path, ::getpid());
    ::unlink(beside.c_str());  // of an earlier process with our number, that was killed
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) return errno;
    int error = write_all(file, text);
    if (error == 0 && ::fsync(file) != 0) error = errno;
    if (::close(file) != 0 && error == 0) error = errno;
    if (error == 0 && ::rename(beside.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) ::unlink(beside.c_str());
    return error;
}

}  // namespace

std::optional<Failure> write_whole_file(const std::string& path, std::string_view text) {
    struct stat about {};
    const bool there = ::stat(path.c_str(), &about) == 0;
    int error = 0;
    if (there && S_ISDIR(about.st_mode)) {
        error = EISDIR;
    } else if (there && (!S_ISREG(about.st_mode) || is_open_already(path))) {
        error = write_through(path, text);
    } else {
        char* const real = ::realpath(path.c_str(), nullptr);  // null where it is not there yet
        error = write_beside(real == nullptr ? path : real, text);
        std::free(real);
    }
    if (error == 0) return std::nullopt;
    return cannot_write(path, error);
}

}  // namespace stator::flowmeter
