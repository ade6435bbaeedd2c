// tests/flowmeter_report_test.cpp - promises of flowmeter's three forms of a report.
#include "flowmeter/report.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "flowmeter/whole_file.hpp"

namespace stator::flowmeter {
namespace {

Endpoint v4(std::uint8_t last, std::uint16_t port) {
    Endpoint end{};
    end.address = {10, 0, 0, last};
    end.port = port;
    return end;
}
Endpoint v6(std::uint8_t last, std::uint16_t port) {
    Endpoint end{};
    end.address = {0x20, 0x01, 0x0d, 0xb8};
    end.address[15] = last;
    end.port = port;
    return end;
}

FlowRow row(std::uint8_t version, std::uint8_t protocol, const Endpoint& source,
            const Endpoint& destination, std::uint64_t bytes = 100) {
    return {.record = {.key = key_of(version, protocol, source, destination),
                       .packets = 2,
                       .bytes = bytes,
                       .payload_bytes = 30,
                       .first_ns = 1700000000'000000001U,
                       .last_ns = 1700000000'000000002U,
                       .first_direction = direction_of(source, destination)},
            .digest = digest_of({})};
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream{text};
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::string read(const std::string& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

TEST(flowmeter_report, a_csv_line_has_every_field_in_order) {
    const std::vector<FlowRow> rows{row(4, 17, v4(9, 5000), v4(1, 53))};
    EXPECT_EQ(csv_of(rows),
              "src,sport,dst,dport,proto,packets,bytes,payload_bytes,first_ns,last_ns,digest\n"
              "10.0.0.9,5000,10.0.0.1,53,udp,2,100,30,1700000000000000001,1700000000000000002,"
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
}

TEST(flowmeter_report, no_flows_give_the_header_line_alone) {
    EXPECT_EQ(lines_of(csv_of({})).size(), 1U);
}

TEST(flowmeter_report, csv_lines_are_sorted_by_protocol_source_and_destination) {
    const std::vector<FlowRow> rows{
        row(4, 132, v4(1, 1), v4(2, 1)), row(6, 6, v6(1, 1), v6(2, 1)),
        row(4, 17, v4(1, 1), v4(2, 1)),  row(4, 6, v4(200, 1), v4(1, 1)),
        row(4, 6, v4(9, 80), v4(2, 1)),  row(4, 6, v4(9, 9), v4(10, 1)),
        row(4, 6, v4(9, 9), v4(2, 7)),   row(4, 6, v4(9, 9), v4(2, 3))};
    std::vector<std::string> starts;
    for (const std::string& line : lines_of(csv_of(rows)))
        starts.push_back(line.substr(0, line.find(",2,100")));
    EXPECT_EQ(starts,
              (std::vector<std::string>{
                  "src,sport,dst,dport,proto,packets,bytes,payload_bytes,first_ns,last_ns,digest",
                  "10.0.0.9,9,10.0.0.2,3,tcp", "10.0.0.9,9,10.0.0.2,7,tcp",
                  "10.0.0.9,9,10.0.0.10,1,tcp", "10.0.0.9,80,10.0.0.2,1,tcp",
                  "10.0.0.200,1,10.0.0.1,1,tcp", "2001:db8::1,1,2001:db8::2,1,tcp",
                  "10.0.0.1,1,10.0.0.2,1,udp", "10.0.0.1,1,10.0.0.2,1,sctp"}));
}

TEST(flowmeter_report, json_has_every_count_under_its_name) {
    const std::vector<FlowRow> flows{row(4, 17, v4(9, 5000), v4(1, 53), 500),
                                     row(6, 6, v6(1, 1), v6(2, 2), 900),
                                     row(4, 6, v4(1, 1), v4(2, 2), 100)};
    const std::vector<StageRow> stages{{.role = "digest",
                                        .worker = "digest-1",
                                        .cpu = 3,
                                        .node = 0,
                                        .items = 7,
                                        .p50_ns = 1,
                                        .p99_ns = 2,
                                        .p999_ns = 3,
                                        .max_ns = 4}};
    const Report report{.totals = {.packets = 10,
                                   .bytes = 11,
                                   .ipv4 = 12,
                                   .ipv6 = 13,
                                   .tcp = 14,
                                   .udp = 15,
                                   .sctp = 16,
                                   .other_ip = 17,
                                   .non_ip = 18,
                                   .malformed = 19,
                                   .payload_bytes = 20,
                                   .flows_untracked = 21},
                        .tasks = {.submitted = 30, .executed = 27, .refused = 2, .failed = 1},
                        .flows = flows,
                        .stages = stages,
                        .seconds = 0.5,
                        .dropped = 22,
                        .truncated = true,
                        .top = 2};
    const auto expected = nlohmann::json::parse(R"({
        "packets": 10, "bytes": 11, "flows": 3, "flows_untracked": 21, "ipv4": 12, "ipv6": 13,
        "tcp": 14, "udp": 15, "sctp": 16, "other_ip": 17, "non_ip": 18, "malformed": 19,
        "payload_bytes": 20, "dropped": 22, "worker_faults": 0, "truncated": true, "seconds": 0.5,
        "packets_per_second": 20.0,
        "tasks": {"submitted": 30, "executed": 27, "refused": 2, "failed": 1},
        "stages": [{"role": "digest", "worker": "digest-1", "cpu": 3, "node": 0, "items": 7,
                    "p50_ns": 1, "p99_ns": 2, "p999_ns": 3, "max_ns": 4}],
        "top": [{"src": "2001:db8::1", "sport": 1, "dst": "2001:db8::2", "dport": 2,
                 "proto": "tcp", "packets": 2, "bytes": 900},
                {"src": "10.0.0.9", "sport": 5000, "dst": "10.0.0.1", "dport": 53,
                 "proto": "udp", "packets": 2, "bytes": 500}]})");
    const std::string json = json_of(report);
    EXPECT_EQ(nlohmann::json::parse(json), expected);
    EXPECT_EQ(json.back(), '\n');
}

TEST(flowmeter_report, an_empty_report_is_whole) {
    const auto json = nlohmann::json::parse(json_of(Report{}));
    EXPECT_EQ(json["packets_per_second"], 0);
    EXPECT_EQ(json["stages"], nlohmann::json::array());
    EXPECT_EQ(json["top"], nlohmann::json::array());
    EXPECT_EQ(json["truncated"], false);
    const std::string text = text_of(Report{});
    EXPECT_NE(text.find("0 packets"), std::string::npos);
    EXPECT_EQ(text.find("Top"), std::string::npos);
    EXPECT_EQ(text.find("cut short"), std::string::npos);
}

TEST(flowmeter_report, text_shows_what_went_wrong_and_aligns_its_tables) {
    const std::vector<FlowRow> flows{row(4, 17, v4(9, 5000), v4(1, 53)),
                                     row(6, 6, v6(1, 443), v6(2, 2), 90000)};
    const std::vector<StageRow> stages{{.role = "capture",
                                        .worker = "nic",
                                        .p50_ns = 850,
                                        .p99_ns = 12'340,
                                        .p999_ns = 5'600'000,
                                        .max_ns = 2'000'000'000}};
    const std::string text = text_of({.totals = {.packets = 4, .flows_untracked = 3},
                                      .flows = flows,
                                      .stages = stages,
                                      .seconds = 2,
                                      .dropped = 5,
                                      .truncated = true,
                                      .top = 10});
    for (const char* part : {"2 flows in 2.000 s (2 packets/s)", "cut short", "5 frames were lost",
                             "3 packets belong to flows that found the table full",
                             "[2001:db8::1]:443", "850 ns", "12.3 us", "5.6 ms", "2.00 s"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
    const std::vector<std::string> lines = lines_of(text);
    for (std::size_t i = 0; i + 2 < lines.size(); ++i) {
        if (!lines[i].starts_with("Top")) continue;
        EXPECT_EQ(lines[i + 1].size(), lines[i + 2].size());
        EXPECT_EQ(lines[i + 2].size(), lines[i + 3].size());
        EXPECT_NE(lines[i + 2].find("90000"), std::string::npos) << "the biggest comes first";
    }
}

class flowmeter_whole_file : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "flowmeter.XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    [[nodiscard]] std::string path(const std::string& name) const {
        return directory_ + "/" + name;
    }
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator{directory_}, {}));
    }
    std::string directory_;
};

TEST_F(flowmeter_whole_file, a_file_is_made_or_replaced_and_nothing_else_is_left) {
    EXPECT_FALSE(write_whole_file(path("a"), "one").has_value());
    EXPECT_FALSE(write_whole_file(path("a"), "two").has_value());
    EXPECT_EQ(read(path("a")), "two");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(flowmeter_whole_file, a_csv_export_is_written_as_it_is_made) {
    const std::vector<FlowRow> rows{row(4, 17, v4(9, 5000), v4(1, 53))};
    EXPECT_FALSE(write_csv(path("flows.csv"), rows).has_value());
    EXPECT_EQ(read(path("flows.csv")), csv_of(rows));
}

TEST_F(flowmeter_whole_file, a_link_keeps_leading_to_the_file) {
    std::ofstream{path("real")} << "old";
    std::filesystem::create_symlink("real", path("link"));
    EXPECT_FALSE(write_whole_file(path("link"), "new").has_value());
    EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
    EXPECT_EQ(read(path("real")), "new");
}

TEST_F(flowmeter_whole_file, a_device_is_written_to_and_stays_one) {
    EXPECT_FALSE(write_whole_file("/dev/null", "text").has_value());
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(flowmeter_whole_file, failures_name_the_path_and_the_remedy) {
    const auto says = [](const std::string& where, const std::string& what) {
        const auto failure = write_whole_file(where, "text");
        return failure && failure->exit_code == exit_partial &&
               failure->message.find(where) != std::string::npos &&
               failure->message.find(what) != std::string::npos &&
               failure->message.find('\n') == std::string::npos;
    };
    EXPECT_TRUE(says(path("none/a"), "does not exist; make it"));
    EXPECT_TRUE(says(directory_, "is a directory"));
    EXPECT_TRUE(says("/dev/full", "the disk is full"));
    EXPECT_EQ(entries(), 0U);
}

}  // namespace
}  // namespace stator::flowmeter
