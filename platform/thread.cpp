// platform/thread.cpp - pinned threads by pthread, and every refusal with its remedy.
#include <stator/platform/thread.hpp>

#include <cerrno>
#include <csignal>
#include <string>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace stator::platform {

constinit thread_local void* detail::owner = nullptr;

namespace {

// A cpu_set_t for any cpu number that a CpuSet can hold, without CPU_ALLOC's heap.
static_assert(CpuSet::limit <= CPU_SETSIZE, "cpu_set_t is too small; use CPU_ALLOC");

std::string who(const ThreadPlace& place) {
    return "thread '" + std::string(place.name) + "' on cpu " + place.cpus.text();
}

Status refusal(const ThreadPlace& place, int error) {
    if (error == EPERM)
        return {Cause::scheduling_refused,
                who(place) + ": SCHED_FIFO priority " + std::to_string(place.fifo_priority) +
                    " was refused; give the process CAP_SYS_NICE or `ulimit -r " +
                    std::to_string(place.fifo_priority) +
                    "` (systemd: LimitRTPRIO=), or set the worker to Scheduling::other"};
    if (error == EINVAL)
        return {Cause::cpu_refused,
                who(place) +
                    ": refused; either the cpu is offline or outside this process's cpuset " +
                    "(see `cat /sys/devices/system/cpu/online` and `grep Cpus_allowed_list " +
                    "/proc/self/status`), or " + std::to_string(place.stack_bytes) +
                    " bytes of stack do not hold this program's thread-local data (raise " +
                    "memory.stack_bytes of the board)"};
    if (error == EAGAIN)
        return {Cause::thread_refused,
                who(place) + ": no more threads; raise `ulimit -u` or the cgroup's pids.max"};
    return {Cause::thread_refused, who(place) + ": pthread_create: " + error_text(error)};
}

// The thread's attributes; the first error, or 0. `attributes` is initialised in any case.
int prepare(pthread_attr_t& attributes, const ThreadPlace& place) {
    pthread_attr_init(&attributes);
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    for (int cpu = place.cpus.first(); cpu >= 0; cpu = place.cpus.next(cpu + 1))
        CPU_SET(static_cast<unsigned>(cpu), &cpus);
    if (int e = pthread_attr_setaffinity_np(&attributes, sizeof cpus, &cpus); e != 0) return e;
    if (int e = pthread_attr_setstack(&attributes, place.stack, place.stack_bytes); e != 0)
        return e;
    if (place.fifo_priority == 0) return 0;
    sched_param parameter{};
    parameter.sched_priority = place.fifo_priority;
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    if (int e = pthread_attr_setschedpolicy(&attributes, SCHED_FIFO); e != 0) return e;
    return pthread_attr_setschedparam(&attributes, &parameter);
}

}  // namespace

PinnedThread::~PinnedThread() {
    join();
}

void* PinnedThread::enter(void* self) {
    const auto* thread = static_cast<PinnedThread*>(self);
    thread->body_(thread->argument_);
    return nullptr;
}

Status PinnedThread::start(const ThreadPlace& place, void (*body)(void*), void* argument) {
    body_ = body;
    argument_ = argument;
    pthread_attr_t attributes;
    int error = prepare(attributes, place);
    if (error == 0) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&thread_, &attributes, enter, this);
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    pthread_attr_destroy(&attributes);
    if (error != 0) return refusal(place, error);
    running_ = true;
    // The name is a convenience of `ps`; the rules keep it within the kernel's 15 characters.
    pthread_setname_np(thread_, std::string(place.name).c_str());
    return {};
}

void PinnedThread::join() {
    if (!running_) return;
    pthread_join(thread_, nullptr);
    running_ = false;
}

int current_cpu() {
    return sched_getcpu();
}

int this_thread_id() {
    return gettid();
}

std::uint64_t faults_of_this_thread() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return static_cast<std::uint64_t>(usage.ru_minflt) +
           static_cast<std::uint64_t>(usage.ru_majflt);
}

CpuSet affinity_of_this_thread() {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CpuSet set;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return set;
    for (int cpu = 0; cpu < CpuSet::limit; ++cpu)
        if (CPU_ISSET(static_cast<unsigned>(cpu), &cpus)) set.add(cpu);
    return set;
}

}  // namespace stator::platform
