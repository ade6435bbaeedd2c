// tests/flowmeter_capture_file_test.cpp - promises of flowmeter's readers of files and interfaces.
#include "flowmeter/capture_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "flowmeter/live_capture.hpp"

namespace stator::flowmeter {
namespace {

// Numbers as a capture made on this machine has them.
std::string word(std::uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string half(std::uint16_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

constexpr std::uint32_t microseconds = 0xa1b2c3d4;
constexpr std::uint32_t nanoseconds = 0xa1b23c4d;

std::string pcap_header(std::uint32_t magic, std::uint32_t link = 1) {
    return word(magic) + half(2) + half(4) + word(0) + word(0) + word(65535) + word(link);
}
std::string pcap_frame(std::uint32_t seconds, std::uint32_t fraction, std::string_view bytes,
                       std::uint32_t wire) {
    return word(seconds) + word(fraction) + word(static_cast<std::uint32_t>(bytes.size())) +
           word(wire) + std::string{bytes};
}

std::string pcapng_block(std::uint32_t type, const std::string& body) {
    const std::string length = word(static_cast<std::uint32_t>(12 + body.size()));
    return word(type) + length + body + length;
}
std::string pcapng_section() {
    return pcapng_block(0x0a0d0d0a, word(0x1a2b3c4d) + half(1) + half(0) + std::string(8, '\xff'));
}
std::string pcapng_interface(std::uint16_t link) {
    return pcapng_block(1, half(link) + half(0) + word(65535));
}
std::string pcapng_frame(std::uint32_t micros, const std::string& four_bytes) {
    return pcapng_block(6, word(0) + word(0) + word(micros) + word(4) + word(4) + four_bytes);
}

class flowmeter_capture_file : public testing::Test {
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

    [[nodiscard]] std::string file(const std::string& content) const {
        std::ofstream{path("a.pcap"), std::ios::binary} << content;
        return path("a.pcap");
    }

    std::string directory_;
};

struct Seen {
    std::vector<FrameHead> heads;
    std::vector<std::string> frames;
    int exit_code = exit_complete;
    std::string message;
};

Seen read_all(const std::string& path) {
    Seen seen;
    auto opened = CaptureFile::open(path);
    if (const auto* failure = std::get_if<Failure>(&opened)) {
        seen.exit_code = failure->exit_code;
        seen.message = failure->message;
        return seen;
    }
    auto& capture = std::get<CaptureFile>(opened);
    FrameHead head{};
    const std::uint8_t* bytes = nullptr;
    auto next = capture.next(head, bytes);
    for (; next == CaptureFile::Next::frame; next = capture.next(head, bytes)) {
        seen.heads.push_back(head);
        seen.frames.emplace_back(reinterpret_cast<const char*>(bytes), head.captured_bytes);
    }
    EXPECT_EQ(capture.next(head, bytes), next) << "the end is for good";
    EXPECT_EQ(capture.frames_read(), seen.frames.size());
    if (next == CaptureFile::Next::cut_short) {
        seen.exit_code = capture.failure().exit_code;
        seen.message = capture.failure().message;
    }
    return seen;
}

// A failure is one line that has all of `parts`.
void expect_failure(const Seen& seen, int exit_code, std::initializer_list<std::string> parts) {
    EXPECT_EQ(seen.exit_code, exit_code) << seen.message;
    EXPECT_EQ(seen.message.find('\n'), std::string::npos) << seen.message;
    for (const std::string& part : parts)
        EXPECT_NE(seen.message.find(part), std::string::npos) << part << " in: " << seen.message;
}

TEST_F(flowmeter_capture_file, frames_come_with_time_lengths_and_bytes) {
    const Seen seen = read_all(file(pcap_header(microseconds, 113) +
                                    pcap_frame(1700000000, 123456, "abcd", 1500) +
                                    pcap_frame(1700000001, 0, "", 60)));
    EXPECT_EQ(seen.exit_code, exit_complete) << seen.message;
    ASSERT_EQ(seen.frames, (std::vector<std::string>{"abcd", ""}));
    EXPECT_EQ(seen.heads[0].time_ns, 1700000000'123456000U);
    EXPECT_EQ(seen.heads[0].captured_bytes, 4U);
    EXPECT_EQ(seen.heads[0].wire_bytes, 1500U);
    EXPECT_EQ(seen.heads[0].link_type, 113);
    EXPECT_EQ(seen.heads[1].captured_bytes, 0U);
    EXPECT_EQ(seen.heads[1].wire_bytes, 60U);
}

TEST_F(flowmeter_capture_file, nanoseconds_are_kept) {
    const Seen seen =
        read_all(file(pcap_header(nanoseconds) + pcap_frame(1700000000, 123456789, "a", 1)));
    ASSERT_EQ(seen.heads.size(), 1U);
    EXPECT_EQ(seen.heads[0].time_ns, 1700000000'123456789U);
}

TEST_F(flowmeter_capture_file, times_after_2038_do_not_run_back) {
    const Seen seen = read_all(file(pcap_header(nanoseconds) + pcap_frame(3000000000, 5, "a", 1)));
    ASSERT_EQ(seen.heads.size(), 1U);
    EXPECT_EQ(seen.heads[0].time_ns, 3000000000'000000005U);
}

TEST_F(flowmeter_capture_file, a_capture_without_frames_is_complete) {
    const Seen seen = read_all(file(pcap_header(nanoseconds)));
    EXPECT_EQ(seen.exit_code, exit_complete) << seen.message;
    EXPECT_TRUE(seen.frames.empty());
}

TEST_F(flowmeter_capture_file, pcapng_is_read) {
    const Seen seen =
        read_all(file(pcapng_section() + pcapng_interface(1) + pcapng_frame(7, "abcd")));
    EXPECT_EQ(seen.exit_code, exit_complete) << seen.message;
    ASSERT_EQ(seen.frames, std::vector<std::string>{"abcd"});
    EXPECT_EQ(seen.heads[0].time_ns, 7000U);
}

TEST_F(flowmeter_capture_file, pcapng_that_mixes_link_types_is_read_up_to_there) {
    const std::string mixed =
        file(pcapng_section() + pcapng_interface(1) + pcapng_frame(7, "abcd") +
             pcapng_interface(113) + pcapng_frame(8, "efgh"));
    const Seen seen = read_all(mixed);
    EXPECT_EQ(seen.frames, std::vector<std::string>{"abcd"});
    expect_failure(seen, exit_partial, {mixed, "mixes interfaces", "1 frame", "libpcap: "});
}

TEST_F(flowmeter_capture_file, a_cut_capture_gives_every_whole_frame_and_says_how_many) {
    const std::string head = pcap_header(microseconds);
    const std::string frame = pcap_frame(1, 2, "abcd", 4);
    const std::string whole = head + frame + frame;
    for (std::size_t size = head.size(); size <= whole.size(); ++size) {
        const Seen seen = read_all(file(whole.substr(0, size)));
        const std::size_t frames = (size - head.size()) / frame.size();
        EXPECT_EQ(seen.frames.size(), frames) << size;
        if ((size - head.size()) % frame.size() == 0)
            EXPECT_EQ(seen.exit_code, exit_complete) << seen.message;
        else
            expect_failure(
                seen, exit_partial,
                {path("a.pcap"), "is cut short", frames == 1 ? "1 frame " : "0 frames "});
    }
}

TEST_F(flowmeter_capture_file, a_damaged_capture_gives_what_came_before) {
    const std::string damaged =
        file(pcap_header(microseconds) + pcap_frame(1, 2, "abcd", 4) + std::string(64, '\xff'));
    const Seen seen = read_all(damaged);
    EXPECT_EQ(seen.frames.size(), 1U);
    expect_failure(seen, exit_partial, {damaged, "is damaged", "1 frame", "libpcap: "});
}

TEST_F(flowmeter_capture_file, a_header_cut_anywhere_reads_nothing_and_says_so) {
    const std::string head = pcap_header(microseconds);
    for (std::size_t size = 1; size < head.size(); ++size)
        expect_failure(read_all(file(head.substr(0, size))), exit_nothing,
                       {path("a.pcap"), "cut short within its file header"});
}

TEST_F(flowmeter_capture_file, what_cannot_be_a_capture_is_told_apart) {
    expect_failure(read_all(path("none")), exit_nothing, {path("none"), "no such file"});
    expect_failure(read_all(file("x") + "/y"), exit_nothing, {"a.pcap/y", "no such file"});
    expect_failure(read_all(directory_), exit_nothing, {directory_, "is a directory"});
    expect_failure(read_all(file("")), exit_nothing, {path("a.pcap"), "is empty"});
    expect_failure(read_all(file("It was a dark and stormy night; the rain fell")), exit_nothing,
                   {path("a.pcap"), "not a pcap or pcapng capture"});
    expect_failure(read_all(file("\x1f\x8b" + std::string(40, 'x'))), exit_nothing,
                   {path("a.pcap"), "is compressed", "zcat"});
}

TEST_F(flowmeter_capture_file, a_file_we_may_not_read_names_the_permission) {
    const std::string hidden = file(pcap_header(microseconds));
    ASSERT_EQ(::chmod(hidden.c_str(), 0), 0);
    const bool root = ::geteuid() == 0;
    constexpr uid_t nobody = 65534;
    if (root) {
        ASSERT_EQ(::seteuid(nobody), 0);
    }
    const Seen seen = read_all(hidden);
    if (root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    expect_failure(seen, exit_nothing, {hidden, "no permission"});
}

// Reads `content` from a FIFO whose writer closes it after that.
Seen read_piped(const std::string& fifo, const std::string& content) {
    if (::mkfifo(fifo.c_str(), 0600) != 0) ADD_FAILURE() << "no FIFO";
    std::thread writer{[&] { std::ofstream{fifo, std::ios::binary} << content; }};
    const Seen seen = read_all(fifo);
    writer.join();
    std::filesystem::remove(fifo);
    return seen;
}

TEST_F(flowmeter_capture_file, a_pipe_is_read_like_a_file) {
    const std::string fifo = path("fifo");
    const std::string head = pcap_header(microseconds);
    const std::string frame = pcap_frame(1, 2, "abcd", 4);
    const Seen whole = read_piped(fifo, head + frame);
    EXPECT_EQ(whole.exit_code, exit_complete) << whole.message;
    EXPECT_EQ(whole.frames.size(), 1U);
    const Seen cut = read_piped(fifo, head + frame + frame.substr(0, 18));
    EXPECT_EQ(cut.frames.size(), 1U);
    expect_failure(cut, exit_partial, {fifo, "is cut short", "1 frame"});
    expect_failure(read_piped(fifo, head.substr(0, 9)), exit_nothing, {fifo, "file header"});
    expect_failure(read_piped(fifo, ""), exit_nothing, {fifo, "closed before"});
}

TEST_F(flowmeter_capture_file, a_dash_reads_standard_input_and_leaves_it_open) {
    const std::string name = file(pcap_header(microseconds) + pcap_frame(1, 2, "abcd", 4));
    const int before = ::dup(STDIN_FILENO);
    const int opened = ::open(name.c_str(), O_RDONLY);
    ASSERT_GE(::dup2(opened, STDIN_FILENO), 0);
    const Seen seen = read_all("-");
    const bool open = ::fcntl(STDIN_FILENO, F_GETFD) >= 0;
    const Seen rest = read_all("-");
    ::close(opened);
    if (before >= 0) {
        ::dup2(before, STDIN_FILENO);
        ::close(before);
    }
    EXPECT_EQ(seen.exit_code, exit_complete) << seen.message;
    EXPECT_EQ(seen.frames.size(), 1U);
    EXPECT_TRUE(open);
    expect_failure(rest, exit_nothing, {"standard input closed before a capture began"});
}

TEST(flowmeter_live_capture, an_interface_that_is_not_there_is_answered_with_those_that_are) {
    const auto opened = LiveCapture::open("no-such-one");
    const auto* failure = std::get_if<Failure>(&opened);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->exit_code, exit_nothing);
    EXPECT_NE(failure->message.find("no interface 'no-such-one'"), std::string::npos);
    EXPECT_NE(failure->message.find("lo"), std::string::npos) << failure->message;
}

TEST(flowmeter_live_capture, an_open_capture_has_a_descriptor_and_loses_nothing_idle) {
    auto opened = LiveCapture::open("lo");
    if (const auto* failure = std::get_if<Failure>(&opened))
        GTEST_SKIP() << "needs the permission to capture: " << failure->message;
    auto& capture = std::get<LiveCapture>(opened);
    EXPECT_GE(capture.descriptor(), 0);
    EXPECT_EQ(capture.link_type(), 1);
    FrameHead head{};
    const std::uint8_t* bytes = nullptr;
    EXPECT_NE(capture.next(head, bytes), LiveCapture::Next::ended);
    EXPECT_EQ(capture.drops().kernel, 0U);
}

}  // namespace
}  // namespace stator::flowmeter
