// platform/wait.cpp - futex, eventfd and yield as system calls.
#include <stator/platform/wait.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <stator/platform/check.hpp>
#include <stator/platform/status.hpp>

namespace stator::platform {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4, "a futex is 32 bits by definition");

[[noreturn]] void give_up(const char* call, int error) {
    std::fprintf(stderr, "broken: %s was refused: %s\n", call, error_text(error).c_str());
    std::abort();
}

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected) {
    const long r = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
    if (r == 0 || errno == EAGAIN || errno == EINTR) return;
    give_up("futex(FUTEX_WAIT_PRIVATE)", errno);
}

bool futex_wait_until(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                      std::uint64_t deadline_ns) {
    const timespec until{.tv_sec = static_cast<std::time_t>(deadline_ns / 1'000'000'000),
                         .tv_nsec = static_cast<long>(deadline_ns % 1'000'000'000)};
    const long r = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, &until, nullptr,
                           FUTEX_BITSET_MATCH_ANY);
    if (r == 0 || errno == EAGAIN || errno == EINTR) return true;
    if (errno == ETIMEDOUT) return false;
    give_up("futex(FUTEX_WAIT_BITSET_PRIVATE)", errno);
}

void futex_wake(const std::atomic<std::uint32_t>& word, int count) {
    if (syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0) >= 0) return;
    give_up("futex(FUTEX_WAKE_PRIVATE)", errno);
}

void yield() {
    sched_yield();
}

bool WakeDescriptor::open() {
    if (fd_ < 0) fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd_ >= 0;
}

void WakeDescriptor::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void WakeDescriptor::wait(std::span<const int> others) {
    check(others.size() <= others_max, "a thread waits for more than 16 file descriptors");
    std::array<pollfd, 1 + others_max> fds{};
    fds[0] = {.fd = fd_, .events = POLLIN, .revents = 0};
    for (std::size_t i = 0; i < others.size(); ++i)
        fds[1 + i] = {.fd = others[i], .events = POLLIN, .revents = 0};
    if (poll(fds.data(), 1 + others.size(), -1) < 0) {
        if (errno == EINTR) return;
        give_up("poll", errno);
    }
    std::uint64_t count = 0;
    if ((fds[0].revents & POLLIN) != 0 && read(fd_, &count, sizeof count) < 0 && errno != EAGAIN)
        give_up("read(eventfd)", errno);
}

void WakeDescriptor::wake() const {
    const std::uint64_t one = 1;
    if (write(fd_, &one, sizeof one) < 0 && errno != EAGAIN) give_up("write(eventfd)", errno);
}

OneShotTimer::~OneShotTimer() {
    if (fd_ >= 0) ::close(fd_);
}

bool OneShotTimer::open() {
    if (fd_ < 0) fd_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return fd_ >= 0;
}

void OneShotTimer::start(std::uint64_t ns) const {
    itimerspec plan{};
    plan.it_value = {.tv_sec = static_cast<std::time_t>(ns / 1'000'000'000),
                     .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
    if (timerfd_settime(fd_, 0, &plan, nullptr) < 0) give_up("timerfd_settime", errno);
}

bool OneShotTimer::has_run_off() const {
    std::uint64_t count = 0;
    if (read(fd_, &count, sizeof count) >= 0) return true;
    if (errno != EAGAIN) give_up("read(timerfd)", errno);
    return false;
}

}  // namespace stator::platform
