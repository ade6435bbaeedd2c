// tools/flowmeter/live_capture.hpp - the frames that pass an interface now.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "flowmeter/failure.hpp"
#include "flowmeter/frame.hpp"

struct pcap;

namespace stator::flowmeter {

struct LiveOptions {
    bool promiscuous = true;  // also frames for others; silently off where the link cannot do it
    int buffer_bytes = 16 << 20;  // of the kernel's ring
};

// Frames that were lost, since the capture was opened.
struct Drops {
    std::uint64_t kernel = 0;     // the kernel's ring was full: we were too slow
    std::uint64_t interface = 0;  // the interface itself lost them, where its driver tells

    [[nodiscard]] constexpr std::uint64_t all() const noexcept { return kernel + interface; }
};

// A capture of whole frames (up to 256 KiB). Moves, does not copy. One thread at a time; a
// different one than opened it will do.
class LiveCapture {
public:
    enum class Next : std::uint8_t {
        frame,    // here is one
        nothing,  // none has arrived; wait until descriptor() is readable
        ended,    // there will be no more; failure() says why
    };

    // Opens an interface, or all of them: "any". The exit code of the failure is exit_nothing.
    [[nodiscard]] static std::variant<LiveCapture, Failure> open(const std::string& interface,
                                                                 const LiveOptions& options = {});

    // libpcap's DLT_ number, the same for all frames.
    [[nodiscard]] int link_type() const noexcept { return link_type_; }

    // To wait on, for reading, with poll or epoll. Also ready when the capture has ended. Owned by
    // the capture.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    // Takes a frame that has arrived. The bytes, head.captured_bytes of them, stay valid until the
    // next call. Neither waits nor allocates. `head` and `bytes` are left alone unless the answer
    // is Next::frame; after Next::ended every further call gives the same.
    [[nodiscard]] Next next(FrameHead& head, const std::uint8_t*& bytes) noexcept;

    [[nodiscard]] std::uint64_t frames_read() const noexcept { return frames_read_; }

    // What was lost so far. Makes system calls; ask a few times a second at most, and at least once
    // in 2^32 lost frames. Gives the last known numbers once the interface is gone.
    [[nodiscard]] Drops drops() noexcept;

    // Why the capture ended, and after how many frames; the exit code is exit_partial. Call it
    // after Next::ended only.
    [[nodiscard]] Failure failure() const;

private:
    struct Close {
        void operator()(pcap* handle) const noexcept;
    };
    LiveCapture(std::string interface, std::unique_ptr<pcap, Close> handle);

    std::string interface_;
    std::unique_ptr<pcap, Close> handle_;
    std::uint64_t frames_read_ = 0;
    Drops drops_;
    std::uint32_t last_kernel_ = 0;     // libpcap's counters as last seen; they wrap at 2^32
    std::uint32_t last_interface_ = 0;  //
    std::uint32_t ns_a_fraction_ = 1;   // 1 or 1000: what libpcap's fraction of a second counts
    int link_type_ = 0;
    int descriptor_ = -1;
    bool ended_ = false;
};

}  // namespace stator::flowmeter
