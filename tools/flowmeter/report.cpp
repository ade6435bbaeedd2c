// tools/flowmeter/report.cpp - the three forms of a report, from the same rows.
#include "flowmeter/report.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <vector>

#include "flowmeter/whole_file.hpp"

#include "text_table.hpp"

namespace stator::flowmeter {
namespace {

constexpr std::string_view name_of(std::uint8_t protocol) {
    switch (protocol) {
        case ip_protocol::tcp:
            return "tcp";
        case ip_protocol::udp:
            return "udp";
        case ip_protocol::sctp:
            return "sctp";
        default:
            return "other";  // no flow has it
    }
}

using AddressText = std::array<char, INET6_ADDRSTRLEN>;

// Writes the address of a flow of IP `version` to `text` and returns it.
std::string_view address_of(const Endpoint& end, std::uint8_t version, AddressText& text) {
    const int family = version == 6 ? AF_INET6 : AF_INET;
    const char* const written =
        ::inet_ntop(family, end.address.data(), text.data(), static_cast<socklen_t>(text.size()));
    return written == nullptr ? std::string_view{} : std::string_view{written};
}

// "192.0.2.1:80", "[2001:db8::1]:80"
std::string place_of(const Endpoint& end, std::uint8_t version) {
    AddressText text;
    const std::string_view address = address_of(end, version, text);
    if (version == 6) return fmt::format("[{}]:{}", address, end.port);
    return fmt::format("{}:{}", address, end.port);
}

// The order of the CSV export.
bool before(const FlowRecord& a, const FlowRecord& b) {
    const auto rank = [](const FlowRecord& record) {
        const Endpoint& source = record.source();
        const Endpoint& destination = record.destination();
        return std::make_tuple(record.key.protocol, record.key.version, source.address, source.port,
                               destination.address, destination.port);
    };
    return rank(a) < rank(b);
}

// The biggest flows first, up to report.top of them.
std::vector<const FlowRow*> top_of(const Report& report) {
    std::vector<const FlowRow*> rows;
    rows.reserve(report.flows.size());
    for (const FlowRow& row : report.flows) rows.push_back(&row);
    const std::size_t kept = std::min(report.top, rows.size());
    const auto bigger = [](const FlowRow* a, const FlowRow* b) {
        if (a->record.bytes != b->record.bytes) return a->record.bytes > b->record.bytes;
        return before(a->record, b->record);
    };
    std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end(),
                      bigger);
    rows.resize(kept);
    return rows;
}

// ---- Text. ----

using Line = tools::TableLine;
using tools::add_table;
using tools::number_or_dash;

void add_summary(std::string& text, const Report& report) {
    const Totals& totals = report.totals;
    text += fmt::format("{} packets, {} bytes, {} flows in {:.3f} s ({:.0f} packets/s)\n",
                        totals.packets, totals.bytes, report.flows.size(), report.seconds,
                        report.packets_per_second());
    if (report.truncated) text += "The capture was cut short: this is what was read before.\n";
    text += fmt::format(
        "Payloads hashed in tasks: {} submitted, {} executed, {} refused, {} failed\n",
        report.tasks.submitted, report.tasks.executed, report.tasks.refused, report.tasks.failed);
    if (report.dropped != 0)
        text += fmt::format("{} frames were lost before they could be counted.\n", report.dropped);
    if (totals.flows_untracked != 0)
        text += fmt::format("{} packets belong to flows that found the table full.\n",
                            totals.flows_untracked);
    const auto row = [](std::string_view name, std::uint64_t value) {
        return Line{std::string{name}, std::to_string(value)};
    };
    text += "\nSummary\n";
    add_table(text,
              {row("ipv4", totals.ipv4), row("ipv6", totals.ipv6), row("non-ip", totals.non_ip),
               row("malformed", totals.malformed), row("tcp", totals.tcp), row("udp", totals.udp),
               row("sctp", totals.sctp), row("other ip", totals.other_ip),
               row("payload bytes", totals.payload_bytes), row("dropped", report.dropped)},
              1);
}

void add_top(std::string& text, const Report& report) {
    const std::vector<const FlowRow*> rows = top_of(report);
    if (rows.empty()) return;
    std::vector<Line> lines{{"source", "destination", "proto", "packets", "bytes"}};
    for (const FlowRow* row : rows) {
        const FlowRecord& record = row->record;
        lines.push_back({place_of(record.source(), record.key.version),
                         place_of(record.destination(), record.key.version),
                         std::string{name_of(record.key.protocol)}, std::to_string(record.packets),
                         std::to_string(record.bytes)});
    }
    text += fmt::format("\nTop {} of {} flows, by bytes\n", rows.size(), report.flows.size());
    add_table(text, lines, 3);
}

void add_stages(std::string& text, const Report& report) {
    if (report.stages.empty()) return;
    std::vector<Line> lines{
        {"role", "worker", "cpu", "node", "items", "p50", "p99", "p99.9", "max"}};
    for (const StageRow& stage : report.stages)
        lines.push_back({stage.role, stage.worker, number_or_dash(stage.cpu),
                         number_or_dash(stage.node), std::to_string(stage.items),
                         tools::duration_text(stage.p50_ns), tools::duration_text(stage.p99_ns),
                         tools::duration_text(stage.p999_ns), tools::duration_text(stage.max_ns)});
    text += "\nLatency by stage\n";
    add_table(text, lines, 2);
}

// ---- JSON. ----

using Json = nlohmann::ordered_json;

Json json_of_flow(const FlowRecord& record) {
    AddressText source;
    AddressText destination;
    return {{"src", address_of(record.source(), record.key.version, source)},
            {"sport", record.source().port},
            {"dst", address_of(record.destination(), record.key.version, destination)},
            {"dport", record.destination().port},
            {"proto", name_of(record.key.protocol)},
            {"packets", record.packets},
            {"bytes", record.bytes}};
}

Json json_of_stage(const StageRow& stage) {
    return {{"role", stage.role},     {"worker", stage.worker},   {"cpu", stage.cpu},
            {"node", stage.node},     {"items", stage.items},     {"p50_ns", stage.p50_ns},
            {"p99_ns", stage.p99_ns}, {"p999_ns", stage.p999_ns}, {"max_ns", stage.max_ns}};
}

// ---- CSV. ----

void add_csv_line(std::string& text, const FlowRow& row) {
    const FlowRecord& record = row.record;
    AddressText source;
    AddressText destination;
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{},{},{},{:02x}\n",
                   address_of(record.source(), record.key.version, source), record.source().port,
                   address_of(record.destination(), record.key.version, destination),
                   record.destination().port, name_of(record.key.protocol), record.packets,
                   record.bytes, record.payload_bytes, record.first_ns, record.last_ns,
                   fmt::join(row.digest.bytes, ""));
}

}  // namespace

double Report::packets_per_second() const noexcept {
    return seconds > 0 ? static_cast<double>(totals.packets) / seconds : 0;
}

std::string text_of(const Report& report) {
    std::string text;
    add_summary(text, report);
    add_top(text, report);
    add_stages(text, report);
    return text;
}

std::string json_of(const Report& report) {
    const Totals& totals = report.totals;
    Json json{{"packets", totals.packets},
              {"bytes", totals.bytes},
              {"flows", report.flows.size()},
              {"flows_untracked", totals.flows_untracked},
              {"ipv4", totals.ipv4},
              {"ipv6", totals.ipv6},
              {"tcp", totals.tcp},
              {"udp", totals.udp},
              {"sctp", totals.sctp},
              {"other_ip", totals.other_ip},
              {"non_ip", totals.non_ip},
              {"malformed", totals.malformed},
              {"payload_bytes", totals.payload_bytes},
              {"dropped", report.dropped},
              {"worker_faults", report.worker_faults},
              {"truncated", report.truncated},
              {"seconds", report.seconds},
              {"packets_per_second", report.packets_per_second()},
              {"tasks",
               {{"submitted", report.tasks.submitted},
                {"executed", report.tasks.executed},
                {"refused", report.tasks.refused},
                {"failed", report.tasks.failed}}},
              {"stages", Json::array()},
              {"top", Json::array()}};
    for (const StageRow& stage : report.stages) json["stages"].push_back(json_of_stage(stage));
    for (const FlowRow* row : top_of(report)) json["top"].push_back(json_of_flow(row->record));
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string csv_of(std::span<const FlowRow> flows) {
    std::vector<const FlowRow*> rows;
    rows.reserve(flows.size());
    for (const FlowRow& row : flows) rows.push_back(&row);
    std::sort(rows.begin(), rows.end(),
              [](const FlowRow* a, const FlowRow* b) { return before(a->record, b->record); });
    constexpr std::size_t usual_line = 160;
    std::string text;
    text.reserve(usual_line * (rows.size() + 1));
    text += "src,sport,dst,dport,proto,packets,bytes,payload_bytes,first_ns,last_ns,digest\n";
    for (const FlowRow* row : rows) add_csv_line(text, *row);
    return text;
}

std::optional<Failure> write_csv(const std::string& path, std::span<const FlowRow> flows) {
    return write_whole_file(path, csv_of(flows));
}

}  // namespace stator::flowmeter
