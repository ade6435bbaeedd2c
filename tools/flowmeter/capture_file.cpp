// tools/flowmeter/capture_file.cpp - opens, reads and explains captures; libpcap does the decoding.
#include "flowmeter/capture_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "flowmeter/link_type.hpp"

namespace stator::flowmeter {
namespace {

static_assert(link_type::null == DLT_NULL && link_type::ethernet == DLT_EN10MB &&
              link_type::ppp == DLT_PPP && link_type::raw == DLT_RAW &&
              link_type::ppp_serial == DLT_PPP_SERIAL && link_type::loop == DLT_LOOP &&
              link_type::linux_cooked == DLT_LINUX_SLL && link_type::ipv4 == DLT_IPV4 &&
              link_type::ipv6 == DLT_IPV6 && link_type::linux_cooked2 == DLT_LINUX_SLL2);

constexpr std::string_view standard_input = "standard input";

Failure nothing_read(std::string message) {
    return {.exit_code = exit_nothing, .message = std::move(message)};
}

// Why the file could not be opened, by the system's error number.
Failure cannot_open(const std::string& name, int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return nothing_read(fmt::format("{}: no such file; check the path", name));
        case EACCES:
        case EPERM:
            return nothing_read(fmt::format(
                "{}: no permission to read it; ask its owner, or run as a user who may", name));
        default:
            return nothing_read(fmt::format("{}: cannot be opened ({}); name a capture file or '-'",
                                            name, std::strerror(error)));
    }
}

Failure no_bytes(const std::string& name, bool is_file) {
    if (is_file)
        return nothing_read(
            fmt::format("{} is empty; capture or copy it again, and check the disk", name));
    return nothing_read(
        fmt::format("{} closed before a capture began; check the command that writes it", name));
}

// What the open file is, as far as it keeps us from reading on; nothing where it does not.
std::optional<Failure> refuse(const std::string& name, int file) {
    struct stat about {};
    if (::fstat(file, &about) != 0) return cannot_open(name, errno);
    if (S_ISDIR(about.st_mode))
        return nothing_read(fmt::format("{} is a directory; name a capture file in it", name));
    if (S_ISREG(about.st_mode) && about.st_size == 0) return no_bytes(name, true);
    if (::isatty(file) == 1)
        return nothing_read(fmt::format("{} is a terminal; pipe a capture into it", name));
    return std::nullopt;
}

// The command that unpacks the file, or nothing where it is not packed or cannot be read again.
std::string_view unpacker_of(int file) {
    std::array<unsigned char, 4> start{};
    if (::pread(file, start.data(), start.size(), 0) != std::ssize(start)) return {};
    if (start[0] == 0x1f && start[1] == 0x8b) return "zcat";
    if (start == std::array<unsigned char, 4>{0x28, 0xb5, 0x2f, 0xfd}) return "zstdcat";
    if (start == std::array<unsigned char, 4>{0xfd, '7', 'z', 'X'}) return "xzcat";
    return {};
}

// Why libpcap did not take the file, by what it said.
Failure not_a_capture(const std::string& name, int file, std::string_view reason) {
    if (const std::string_view unpacker = unpacker_of(file); !unpacker.empty())
        return nothing_read(fmt::format("{} is compressed; unpack it first: {} {} | flowmeter -",
                                        name, unpacker, name));
    if (reason.find("truncated") != std::string_view::npos)
        return nothing_read(fmt::format(
            "{} is cut short within its file header (libpcap: {}); capture or copy it again", name,
            reason));
    return nothing_read(fmt::format(
        "{} is not a pcap or pcapng capture (libpcap: {}); name one, or convert it with editcap",
        name, reason));
}

struct CloseStream {
    void operator()(std::FILE* stream) const noexcept { std::fclose(stream); }
};
using Stream = std::unique_ptr<std::FILE, CloseStream>;

std::uint64_t nanoseconds(const timeval& time) {
    constexpr std::int64_t second = 1'000'000'000;
    // A pcap file has unsigned seconds, and libpcap reads signed ones: from 2038 on they go below
    // 0.
    constexpr std::int64_t era = std::int64_t{1} << 32;
    const std::int64_t seconds = time.tv_sec < 0 ? time.tv_sec + era : time.tv_sec;
    return static_cast<std::uint64_t>(seconds) * second + static_cast<std::uint64_t>(time.tv_usec);
}

}  // namespace

void CaptureFile::Close::operator()(pcap* handle) const noexcept {
    pcap_close(handle);
}

CaptureFile::CaptureFile(std::string name, pcap* handle)
    : name_(std::move(name)), handle_(handle), link_type_(pcap_datalink(handle)) {}

std::variant<CaptureFile, Failure> CaptureFile::open(const std::string& path) {
    const bool piped = path == "-";
    const std::string name = piped ? std::string{standard_input} : path;
    // A copy of standard input, because libpcap closes what it reads.
    const int file = piped ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return cannot_open(name, errno);
    Stream stream{::fdopen(file, "rb")};
    if (!stream) {
        const int error = errno;
        ::close(file);
        return cannot_open(name, error);
    }
    if (std::optional<Failure> refused = refuse(name, file)) return *std::move(refused);

    const int first = std::getc(stream.get());
    if (first == EOF && std::ferror(stream.get()) != 0) return cannot_open(name, errno);
    if (first == EOF) return no_bytes(name, false);
    std::ungetc(first, stream.get());

    std::array<char, PCAP_ERRBUF_SIZE> reason{};
    pcap* handle = pcap_fopen_offline_with_tstamp_precision(
        stream.get(), PCAP_TSTAMP_PRECISION_NANO, reason.data());
    if (handle == nullptr) return not_a_capture(name, file, reason.data());
    static_cast<void>(stream.release());  // now libpcap's
    return CaptureFile{name, handle};
}

CaptureFile::Next CaptureFile::next(FrameHead& head, const std::uint8_t*& bytes) noexcept {
    if (last_ != Next::frame) return last_;
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* data = nullptr;
    const int status = pcap_next_ex(handle_.get(), &header, &data);
    if (status != 1) return last_ = status == PCAP_ERROR_BREAK ? Next::ended : Next::cut_short;
    head = {.time_ns = nanoseconds(header->ts),
            .captured_bytes = header->caplen,
            .wire_bytes = header->len,
            .link_type = link_type_};
    bytes = data;
    ++frames_read_;
    return Next::frame;
}

Failure CaptureFile::failure() const {
    const std::string_view reason = pcap_geterr(handle_.get());
    const auto says = [&](std::string_view words) {
        return reason.find(words) != std::string_view::npos;
    };
    std::string_view what = "is damaged";
    std::string_view remedy = "capture or copy it again to get the rest";
    if (says("truncated")) what = "is cut short";
    if (says("different from")) {
        what = "mixes interfaces that libpcap cannot read together";
        remedy = "capture each interface to a file of its own";
    }
    return {.exit_code = exit_partial,
            .message =
                fmt::format("{} {}: only {} {} could be read (libpcap: {}); {}", name_, what,
                            frames_read_, frames_read_ == 1 ? "frame" : "frames", reason, remedy)};
}

}  // namespace stator::flowmeter
