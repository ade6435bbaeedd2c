// tests/flow/no_allocation.cpp - preloaded into a program, ends it when a thread of it allocates.
//
// The first thread may: it is the caller. Every other one is a worker, and while it lives it may
// call neither malloc and its kin nor mmap and brk.
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cstddef>
#include <cstdlib>

namespace {

constexpr int exit_allocated = 66;

bool in_worker() {
    return syscall(SYS_gettid) != getpid();
}

template <std::size_t n>
void look(const char (&sentence)[n]) {
    if (!in_worker()) return;
    const auto written = write(STDERR_FILENO, sentence, n - 1);
    _exit(written > 0 ? exit_allocated : exit_allocated + 1);
}

}  // namespace

// glibc keeps its own allocator reachable under these names.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);

void* malloc(std::size_t n) {
    look("a worker called malloc\n");
    return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t m) {
    look("a worker called calloc\n");
    return __libc_calloc(n, m);
}
void* realloc(void* p, std::size_t n) {
    look("a worker called realloc\n");
    return __libc_realloc(p, n);
}
void* mmap(void* at, std::size_t n, int protection, int flags, int fd, off_t offset) {
    look("a worker called mmap\n");
    return reinterpret_cast<void*>(syscall(SYS_mmap, at, n, protection, flags, fd, offset));
}
int brk(void* end) {
    look("a worker called brk\n");
    return syscall(SYS_brk, end) == reinterpret_cast<long>(end) ? 0 : -1;
}
}
