// core/grace.cpp - the grace thread's loop.
#include <stator/core/grace.hpp>

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
            continue;
        }
        word.announce();
        if (is_wanted() || stopping_.load(acquire))  // H1
            word.retract();
        else
            word.sleep();
    }
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
