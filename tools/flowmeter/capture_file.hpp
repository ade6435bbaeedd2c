// tools/flowmeter/capture_file.hpp - the frames of a capture in a file, a pipe or standard input.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "flowmeter/failure.hpp"
#include "flowmeter/frame.hpp"

struct pcap;

namespace stator::flowmeter {

// A pcap or pcapng capture, read once from front to back. Moves, does not copy. One thread at a
// time; a different one than opened it will do.
class CaptureFile {
public:
    enum class Next : std::uint8_t {
        frame,      // there is one more
        ended,      // the capture is complete
        cut_short,  // no more can be read, though there should be; failure() says why
    };

    // Opens `path`; "-" is standard input. Waits for a writer where it is a FIFO. A capture without
    // frames opens; a file without bytes does not. The exit code of the failure is exit_nothing.
    [[nodiscard]] static std::variant<CaptureFile, Failure> open(const std::string& path);

    // libpcap's DLT_ number, the same for all frames.
    [[nodiscard]] int link_type() const noexcept { return link_type_; }

    // Reads a frame. The bytes, head.captured_bytes of them, stay valid until the next call. Waits
    // where the capture is a pipe. Allocates only when libpcap's buffer has to grow for a frame
    // longer than any before. `head` and `bytes` are left alone unless the answer is Next::frame;
    // after another answer, every further call gives the same.
    [[nodiscard]] Next next(FrameHead& head, const std::uint8_t*& bytes) noexcept;

    [[nodiscard]] std::uint64_t frames_read() const noexcept { return frames_read_; }

    // Why the capture was cut short, and after how many frames; the exit code is exit_partial. Call
    // it after Next::cut_short only.
    [[nodiscard]] Failure failure() const;

private:
    struct Close {
        void operator()(pcap* handle) const noexcept;
    };
    CaptureFile(std::string name, pcap* handle);

    std::string name_;  // for messages
    std::unique_ptr<pcap, Close> handle_;
    std::uint64_t frames_read_ = 0;
    int link_type_;
    Next last_ = Next::frame;
};

}  // namespace stator::flowmeter
