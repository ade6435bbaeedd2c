// core/worker.cpp - the loop of one pinned worker.
#include <stator/core/worker.hpp>

#include <array>

#include <stator/platform/check.hpp>
#include <stator/platform/thread.hpp>

namespace stator {

void PinnedWorker::add(const StageHandle& stage) {
    platform::check(count_ < stages_.size(), "a worker was given more than 256 stages");
    if (stage.descriptor != nullptr)
        platform::check(sources_++ < sync::WakeDescriptor::others_max,
                        "a worker was given more than 16 sources that wait for a descriptor");
    stages_[count_++] = stage;
}

bool PinnedWorker::prepare() {
    return sources_ == 0 || word.use_descriptors();
}

void PinnedWorker::abandon() {
    abandoned_.store(true, release);  // R2
    word.notify();
}

void PinnedWorker::run() {
    cpu_seen_ = platform::current_cpu();
    left_ = count_;
    const std::uint64_t faults_before = platform::faults_of_this_thread();
    ready_.store(1, release);                         // R1
    while (left_ > 0 && !abandoned_.load(acquire)) {  // R2
        rounds.add();
        if (round() == Progress::worked)
            idle_since_ = 0;
        else if (left_ > 0)
            wait();
    }
    faults.add(platform::faults_of_this_thread() - faults_before);
}

Progress PinnedWorker::round() {
    Progress result = Progress::idle;
    for (std::size_t i = 0; i < count_; ++i) {
        if (ended_[i]) continue;
        const Progress p = stages_[i].step(stages_[i].cell);
        if (p != Progress::idle) result = Progress::worked;
        if (p != Progress::ended) continue;
        ended_[i] = true;
        --left_;
    }
    return result;
}

void PinnedWorker::wait() {
    spins.add();
    if (choice_->wait == Wait::spin) return sync::relax();
    if (choice_->wait == Wait::spin_then_futex) {
        const std::uint64_t now = sync::cycles();
        if (idle_since_ == 0) idle_since_ = now;
        if (now - idle_since_ < spin_cycles_) return sync::relax();
    }
    word.announce();
    if (anything_ready()) {
        word.retract();
        // A source without a descriptor is always worth a look; on a shared cpu others get a turn.
        if (choice_->wait == Wait::futex) sync::yield();
        return;
    }
    sleeps.add();
    std::array<int, sync::WakeDescriptor::others_max> fds{};
    if (const std::size_t n = descriptors(fds); n > 0)
        word.sleep_or({fds.data(), n});
    else
        word.sleep();
    idle_since_ = 0;
}

bool PinnedWorker::anything_ready() {
    if (abandoned_.load(acquire)) return true;  // R2
    for (std::size_t i = 0; i < count_; ++i)
        if (!ended_[i] && stages_[i].ready(stages_[i].cell)) return true;
    return false;
}

std::size_t PinnedWorker::descriptors(std::span<int> fds) const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < count_; ++i) {
        if (ended_[i] || stages_[i].descriptor == nullptr) continue;
        if (const int fd = stages_[i].descriptor(stages_[i].cell); fd >= 0) fds[n++] = fd;
    }
    return n;
}

}  // namespace stator
