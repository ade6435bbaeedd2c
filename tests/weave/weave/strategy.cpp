// tests/weave/weave/strategy.cpp - exhaustive search, PCT, random runs, replay.
#include "strategy.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "clock.hpp"

namespace weave {

namespace {

// Reads a number and the dot before it.
bool parse_part(const char*& at, const char* end, bool dot, std::uint32_t& out) {
    if (dot && (at == end || *at++ != '.')) return false;
    const auto result = std::from_chars(at, end, out);
    at = result.ptr;
    return result.ec == std::errc{};
}

}  // namespace

std::string text(std::span<const Exception> exceptions) {
    if (exceptions.empty()) return "-";
    std::string all;
    for (const Exception& e : exceptions) {
        if (!all.empty()) all += ' ';
        all += static_cast<char>(e.kind) + std::to_string(e.at.thread) + '.' +
               std::to_string(e.at.step) + '.' + std::to_string(e.taken);
    }
    return all;
}

bool parse(std::string_view text, std::vector<Exception>& out) {
    if (text == "-") return true;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        if (*at == ' ') {
            ++at;
            continue;
        }
        Exception e{.kind = static_cast<Kind>(*at), .at = {}, .taken = 0};
        if (std::string_view("tnrpswce").find(*at++) == std::string_view::npos) return false;
        if (!parse_part(at, end, false, e.at.thread) || !parse_part(at, end, true, e.at.step) ||
            !parse_part(at, end, true, e.taken))
            return false;
        out.push_back(e);
    }
    return true;
}

bool Exhaustive::advance() {
    path_.resize(depth_);  // a run may have been left before it came as deep as the one before
    while (!path_.empty() && path_.back().taken + 1 == path_.back().n) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
}

unsigned Random::choose(Kind kind, Place, unsigned n, std::span<const std::uint8_t>) {
    if (kind == Kind::crash) return random_() % 16 == 0 ? 1 : 0;
    if (kind == Kind::read || kind == Kind::place || kind == Kind::spurious)
        if (random_() % 4 != 0) return 0;
    return static_cast<unsigned>(random_() % n);
}

void Pct::begin() {
    priority_.resize(threads_max);
    std::iota(priority_.begin(), priority_.end(), 1);
    std::shuffle(priority_.begin(), priority_.end(), random_);
    lowest_ = 0;
    decisions_ = 0;
    changes_.clear();
    for (unsigned i = 1; i < depth_; ++i)
        changes_.push_back(static_cast<std::uint32_t>(random_() % longest_));
}

unsigned Pct::choose(Kind kind, Place, unsigned n, std::span<const std::uint8_t> threads) {
    if (kind != Kind::thread && kind != Kind::next) {
        if (kind == Kind::environment || kind == Kind::waiter)
            return static_cast<unsigned>(random_() % n);
        return random_() % 8 == 0 ? static_cast<unsigned>(random_() % n) : 0;
    }
    longest_ = std::max(longest_, ++decisions_);
    if (std::find(changes_.begin(), changes_.end(), decisions_) != changes_.end())
        priority_[threads[0]] = --lowest_;
    unsigned best = 0;
    for (unsigned i = 1; i < n; ++i)
        if (priority_[threads[i]] > priority_[threads[best]]) best = i;
    return best;
}

unsigned Replay::choose(Kind kind, Place at, unsigned n, std::span<const std::uint8_t> threads) {
    for (const Exception& e : exceptions_) {
        if (e.kind != kind || e.at != at) continue;
        if (threads.empty()) return std::min(e.taken, n - 1);
        for (unsigned i = 0; i < n; ++i)
            if (threads[i] == e.taken) return i;
    }
    return 0;
}

}  // namespace weave
