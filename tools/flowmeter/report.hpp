// tools/flowmeter/report.hpp - what flowmeter found, for people, for scripts and for spreadsheets.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "flowmeter/failure.hpp"
#include "flowmeter/flow_digest.hpp"
#include "flowmeter/flow_table.hpp"
#include "flowmeter/totals.hpp"

namespace stator::flowmeter {

// A flow as reported. Its source is the end that sent the first frame.
struct FlowRow {
    FlowRecord record;
    PayloadDigest digest;  // see flow_digest.hpp
};

// A stage of the pipeline, as one worker ran it.
struct StageRow {
    std::string role;
    std::string worker{};      // its name
    int cpu = -1;              // -1: not pinned
    int node = -1;             // -1: not known
    std::uint64_t items = 0;   // that it handled
    std::uint64_t p50_ns = 0;  // latency of an item, up to which half of them took
    std::uint64_t p99_ns = 0;
    std::uint64_t p999_ns = 0;
    std::uint64_t max_ns = 0;
};

// The payloads that were digested in tasks: submitted == executed + refused + failed. A refused one
// was digested by the stage that submitted it.
struct TaskCounts {
    std::uint64_t submitted = 0, executed = 0, refused = 0, failed = 0;
};

struct Report {
    Totals totals{};
    TaskCounts tasks{};
    std::span<const FlowRow> flows{};  // in any order, each flow once
    std::span<const StageRow> stages{};
    double seconds = 0;               // that the run took
    std::uint64_t dropped = 0;        // frames lost before they could be counted
    std::uint64_t worker_faults = 0;  // page faults that workers took; 0 where memory is locked
    bool truncated = false;           // the capture was cut short
    std::size_t top = 10;             // how many of the biggest flows to show

    // 0 where the run took no time.
    [[nodiscard]] double packets_per_second() const noexcept;
};

// For people: a summary, the flows with most bytes, the latency of the stages. Lines end in '\n'.
[[nodiscard]] std::string text_of(const Report& report);

// One JSON object, indented, with a '\n' at its end. Its keys: packets bytes flows flows_untracked
// ipv4 ipv6 tcp udp sctp other_ip non_ip malformed payload_bytes dropped worker_faults truncated
// seconds packets_per_second; tasks of submitted executed refused failed;
// stages[] of role worker cpu node items p50_ns p99_ns p999_ns max_ns;
// top[] of src sport dst dport proto packets bytes. A cpu or node that is not known is -1.
[[nodiscard]] std::string json_of(const Report& report);

// A header line, then one line a flow, '\n' after each:
// src,sport,dst,dport,proto,packets,bytes,payload_bytes,first_ns,last_ns,digest
// sorted by protocol number, source address (IPv4 before IPv6), source port, destination address,
// destination port. Times are nanoseconds since the epoch, the digest is lower-case hexadecimal.
[[nodiscard]] std::string csv_of(std::span<const FlowRow> flows);

// Writes csv_of(flows) with write_whole_file.
[[nodiscard]] std::optional<Failure> write_csv(const std::string& path,
                                               std::span<const FlowRow> flows);

}  // namespace stator::flowmeter
