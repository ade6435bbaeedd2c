// core/grace.cpp - the grace thread's loop.
#include <stator/core/grace.hpp>

#include <array>

#include <stator/platform/check.hpp>

namespace stator {

void GraceThread::add(const GraceSource& source) {
    platform::check(count_ < sources_max, "the grace thread was given more than 64 inboxes");
    sources_[count_++] = source;
}

void GraceThread::stop() {
    stopping_.store(true, release);  // H1
    word.notify();
}

void GraceThread::run() {
    while (!stopping_.load(acquire)) {  // H1
        if (is_wanted()) {
            one_period();
            look_at_timers();
            continue;
        }
        word.announce();
        if (is_wanted() || stopping_.load(acquire))  // H1
            word.retract();
        else
            sleep();
    }
}

sync::OneShotTimer* GraceThread::add(const GraceTimer& timer) {
    platform::check(timer_count_ < timers_max, "the grace thread was given more than 16 timers");
    timer_users_[timer_count_] = timer;
    return &timers_[timer_count_++];
}

bool GraceThread::prepare() {
    for (std::size_t i = 0; i < timer_count_; ++i)
        if (!timers_[i].open()) return false;
    return timer_count_ == 0 || word.use_descriptors();
}

void GraceThread::sleep() {
    if (timer_count_ == 0) return word.sleep();
    std::array<int, timers_max> fds{};
    for (std::size_t i = 0; i < timer_count_; ++i) fds[i] = timers_[i].descriptor();
    word.sleep_or({fds.data(), timer_count_});
    look_at_timers();
}

void GraceThread::look_at_timers() {
    for (std::size_t i = 0; i < timer_count_; ++i)
        if (timers_[i].has_run_off()) timer_users_[i].due(timer_users_[i].context);
}

bool GraceThread::is_wanted() const {
    for (std::size_t i = 0; i < count_; ++i)
        if (sources_[i].wants_a_period(sources_[i].inbox)) return true;
    return false;
}

void GraceThread::one_period() {
    for (std::size_t i = 0; i < count_; ++i) collected_[i] = sources_[i].collect(sources_[i].inbox);
    const std::uint64_t began = sync::cycles();
    figures_->lock.begin();
    figures_->current.set(sync::rcu_begin_period());
    figures_->began.set(began);
    figures_->lock.end();

    sync::rcu_synchronize();

    std::size_t granted = 0;
    for (std::size_t i = 0; i < count_; ++i)
        granted += sources_[i].grant(sources_[i].inbox, collected_[i]);
    const std::uint64_t took = sync::cycles() - began;
    figures_->lock.begin();
    figures_->periods.add();
    figures_->segments.add(granted);
    figures_->current.set(0);
    figures_->last_cycles.set(took);
    figures_->longest_cycles.raise_to(took);
    figures_->lock.end();
}

}  // namespace stator
