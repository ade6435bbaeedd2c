// core/worker.cpp - the loop of one pinned worker.
#include <stator/core/worker.hpp>

#include <array>

#include <stator/platform/check.hpp>

namespace stator {
namespace {

// Stages come first; but stages that are never idle do not keep tasks waiting for ever.
constexpr unsigned busy_rounds_max = 8;

}  // namespace

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

void PinnedWorker::set_up() {
    cpu_seen_ = sync::current_cpu();
    stack_top_ = sync::stack_address();
    sync::set_owner_of_this_thread(this);
    reader_.enter(figures.first_period.raw());
    tasks_ended_ = tasks_.taker == nullptr;
    left_ = count_ + (tasks_ended_ ? 0 : 1);
    figures.lock.begin();
    figures.thread_id.set(static_cast<std::uint64_t>(sync::this_thread_id()));
    figures.lock.end();
    round_end_ = sync::cycles();
}

void PinnedWorker::run() {
    set_up();
    if (const Hooks* hooks = end_.hooks; hooks != nullptr && hooks->on_start != nullptr)
        hooks->on_start(hooks->context, choice_->name, choice_->cpu);
    const std::uint64_t faults_before = sync::faults_of_this_thread();
    ready_.store(1, release);                         // R1
    while (left_ > 0 && !abandoned_.load(acquire)) {  // R2
        const Progress result = round();
        account(result);
        if (result == Progress::worked)
            idle_since_ = 0;
        else if (left_ > 0)
            wait();
    }
    const std::uint64_t faults = sync::faults_of_this_thread() - faults_before;
    figures.lock.begin();
    figures.faults.add(faults);
    figures.lock.end();
    reader_.leave();
    end_.worker_ended(end_.scheduler);
}

void PinnedWorker::account(Progress result) {
    const std::uint64_t now = sync::cycles();
    const std::uint64_t took = now > round_end_ ? now - round_end_ : 0;
    round_end_ = now;
    figures.lock.begin();
    figures.rounds.add();
    if (result != Progress::worked) figures.idle_rounds.add();
    (result == Progress::worked ? figures.busy_cycles : figures.idle_cycles).add(took);
    figures.lock.end();
}

Progress PinnedWorker::round() {
    const Progress stages = round_of_stages();
    if (tasks_ended_) return stages;
    if (stages == Progress::worked && !tasks_next_ && ++rounds_without_tasks_ < busy_rounds_max)
        return stages;
    const Progress tasks = round_of_tasks();
    return stages == Progress::worked ? stages : tasks;
}

Progress PinnedWorker::round_of_stages() {
    Progress result = Progress::idle;
    for (std::size_t i = 0; i < count_; ++i) {
        if (ended_[i]) continue;
        const Progress p = stages_[i].step(stages_[i].cell);
        if (p != Progress::idle) result = Progress::worked;
        if (p != Progress::ended) continue;
        ended_[i] = true;
        --left_;
        end_.stage_ended(end_.scheduler);
    }
    return result;
}

Progress PinnedWorker::round_of_tasks() {
    tasks_next_ = false;
    rounds_without_tasks_ = 0;
    const Progress p = tasks_.step(tasks_.taker);
    if (p != Progress::ended) return p;
    tasks_ended_ = true;
    --left_;
    return Progress::worked;
}

bool PinnedWorker::keeps_spinning(std::uint64_t& since) const {
    if (choice_->wait != Wait::spin_then_futex) return never_sleeps(choice_->wait);
    const std::uint64_t now = sync::cycles();
    if (since == 0) since = now;
    return now - since < spin_cycles_;
}

void PinnedWorker::pause() const {
    choice_->wait == Wait::yield ? sync::yield() : sync::relax();
}

void PinnedWorker::report_failure(const TaskFailure& failure) {
    figures.lock.begin();
    figures.failed_id.set(failure.id);
    figures.failed_kind[0].set(failure.kind.words[0]);
    figures.failed_kind[1].set(failure.kind.words[1]);
    figures.lock.end();
    if (const Hooks* hooks = end_.hooks; hooks != nullptr && hooks->on_error != nullptr)
        hooks->on_error(hooks->context, failure);
}

void PinnedWorker::wait() {
    if (keeps_spinning(idle_since_)) return pause();
    if (const Hooks* hooks = end_.hooks; hooks != nullptr && hooks->on_idle != nullptr)
        hooks->on_idle(hooks->context);
    word.announce();  // first: by I1 of core/idle.hpp whoever sees the second sees it too
    if (!tasks_ended_) tasks_.announce(tasks_.taker);
    if (!anything_ready()) {
        sleep();
    } else {
        word.retract();
        // A source without a descriptor is always worth a look; on a shared cpu others get a turn.
        if (choice_->wait == Wait::futex) sync::yield();
    }
    if (!tasks_ended_) tasks_next_ = tasks_.retract(tasks_.taker);
}

void PinnedWorker::sleep() {
    figures.lock.begin();
    figures.sleeps.add();
    figures.lock.end();
    std::array<int, sync::WakeDescriptor::others_max> fds{};
    if (const std::size_t n = descriptors(fds); n > 0)
        word.sleep_or({fds.data(), n});
    else
        word.sleep();
    figures.lock.begin();
    figures.woken.add();
    figures.lock.end();
    idle_since_ = 0;
}

bool PinnedWorker::anything_ready() {
    if (abandoned_.load(acquire)) return true;  // R2
    for (std::size_t i = 0; i < count_; ++i)
        if (!ended_[i] && stages_[i].ready(stages_[i].cell)) return true;
    return !tasks_ended_ && tasks_.ready(tasks_.taker);
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
