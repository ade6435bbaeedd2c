// tools/metrics/samples.cpp - lines of the text format: NAME{LABELS} VALUE.
#include "metrics/samples.hpp"

#include <cstddef>

#include <fmt/format.h>

namespace stator::metrics {
namespace {

// The shortest text that is this number of seconds.
std::string seconds(std::uint64_t ns) {
    return fmt::format("{}", static_cast<double>(ns) / 1e9);
}

}  // namespace

Labels Labels::with(std::string_view name, std::string_view value) const {
    Labels more = *this;
    more.text_ += fmt::format("{}{}=\"", text_.empty() ? "" : ",", name);
    for (const char c : value) {
        if (c == '"' || c == '\\') more.text_ += '\\';
        more.text_ += c < ' ' || c > '~' ? '?' : c;
    }
    more.text_ += '"';
    return more;
}

Labels Labels::with(std::string_view name, std::int64_t value) const {
    return with(name, std::string_view(fmt::format_int(value).c_str()));
}

bool Samples::is_new(const Labels& labels) {
    return seen_.insert(labels.text()).second;
}

void Samples::put(std::string_view suffix, const Labels& labels, std::string_view value) {
    text_ += fmt::format("{}{}", family_, suffix);
    if (!labels.text().empty()) text_ += fmt::format("{{{}}}", labels.text());
    text_ += fmt::format(" {}\n", value);
}

void Samples::add(const Labels& labels, std::uint64_t value) {
    if (is_new(labels)) put("", labels, std::to_string(value));
}

void Samples::add_seconds(const Labels& labels, std::uint64_t ns) {
    if (is_new(labels)) put("", labels, seconds(ns));
}

void Samples::add_histogram(const Labels& labels, const top::LatencyCounts& counts) {
    if (!is_new(labels)) return;
    for (std::size_t i = 0; i < counts.up_to.size(); ++i)
        put("_bucket", labels.with("le", seconds(top::latency_bounds_ns[i])),
            std::to_string(counts.up_to[i]));
    put("_bucket", labels.with("le", "+Inf"), std::to_string(counts.all));
    put("_count", labels, std::to_string(counts.all));
}

}  // namespace stator::metrics
