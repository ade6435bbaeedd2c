// tools/flowmeter/live_capture.cpp - opens, reads and explains interfaces; libpcap does the work.
#include "flowmeter/live_capture.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace stator::flowmeter {
namespace {

constexpr int whole_frames = 262144;  // libpcap's greatest snapshot length

bool exists(const std::string& interface) {
    return ::if_nametoindex(interface.c_str()) != 0;
}

// Names that libpcap gives a meaning, though no interface has them.
bool is_libpcaps_own(std::string_view interface) {
    if (interface == "any") return true;
    for (const std::string_view start : {"nflog", "nfqueue", "usbmon", "bluetooth", "dbus"})
        if (interface.starts_with(start)) return true;
    return false;
}

// "lo, eth0"
std::string all_interfaces() {
    std::string names;
    struct if_nameindex* const list = ::if_nameindex();
    if (list == nullptr) return "(cannot be listed)";
    for (const struct if_nameindex* at = list; at->if_name != nullptr; ++at) {
        if (!names.empty()) names += ", ";
        names += at->if_name;
    }
    ::if_freenameindex(list);
    return names;
}

bool is_up(const std::string& interface) {
    const int any_socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any_socket < 0) return false;
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    const bool up = ::ioctl(any_socket, SIOCGIFFLAGS, &request) == 0 &&
                    (static_cast<unsigned>(request.ifr_flags) & IFF_UP) != 0;
    ::close(any_socket);
    return up;
}

std::string own_path() {
    std::array<char, 4096> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    return length <= 0 ? "flowmeter" : std::string(path.data(), static_cast<std::size_t>(length));
}

Failure no_such_interface(const std::string& interface) {
    return {.exit_code = exit_nothing,
            .message = fmt::format("there is no interface '{}'; name one of: {}, or any for all",
                                   interface, all_interfaces())};
}

// Why libpcap did not take the interface, by its status and what it said.
Failure cannot_open(const std::string& interface, int status, std::string_view reason) {
    const auto because = [](std::string message) {
        return Failure{.exit_code = exit_nothing, .message = std::move(message)};
    };
    // Without the permission, libpcap may not even find out whether the interface exists.
    if (!exists(interface) && !is_libpcaps_own(interface)) return no_such_interface(interface);
    switch (status) {
        case PCAP_ERROR_NO_SUCH_DEVICE:
            return no_such_interface(interface);
        case PCAP_ERROR_PERM_DENIED:
        case PCAP_ERROR_PROMISC_PERM_DENIED:
            return because(fmt::format(
                "{}: no permission to capture, which takes CAP_NET_RAW; run with sudo, or once: "
                "sudo setcap cap_net_raw+ep {}",
                interface, own_path()));
        case PCAP_ERROR_IFACE_NOT_UP:
            return because(
                fmt::format("{0} is down; bring it up with: sudo ip link set {0} up", interface));
        default:
            return because(fmt::format(
                "{0}: cannot capture on it (libpcap: {1}); look at it with: ip link show {0}",
                interface, reason.empty() ? pcap_statustostr(status) : reason));
    }
}

}  // namespace

void LiveCapture::Close::operator()(pcap* handle) const noexcept {
    pcap_close(handle);
}

LiveCapture::LiveCapture(std::string interface, std::unique_ptr<pcap, Close> handle)
    : interface_(std::move(interface)),
      handle_(std::move(handle)),
      ns_a_fraction_(
          pcap_get_tstamp_precision(handle_.get()) == PCAP_TSTAMP_PRECISION_NANO ? 1U : 1000U),
      link_type_(pcap_datalink(handle_.get())),
      descriptor_(pcap_get_selectable_fd(handle_.get())) {}

std::variant<LiveCapture, Failure> LiveCapture::open(const std::string& interface,
                                                     const LiveOptions& options) {
    std::array<char, PCAP_ERRBUF_SIZE> reason{};
    std::unique_ptr<pcap, Close> handle{pcap_create(interface.c_str(), reason.data())};
    if (!handle) return cannot_open(interface, PCAP_ERROR, reason.data());
    // These fail only for a handle that is active already, but the precision, which then stays
    // microseconds; the constructor asks what it became.
    pcap_set_snaplen(handle.get(), whole_frames);
    pcap_set_promisc(handle.get(), options.promiscuous ? 1 : 0);
    // Not immediate mode: there every frame takes a place of the largest size, and a ring of 2 MiB
    // holds eight. This way frames lie one behind the other in blocks, which the kernel hands over
    // when they are full or this old.
    pcap_set_timeout(handle.get(), 10);  // ms
    pcap_set_tstamp_precision(handle.get(), PCAP_TSTAMP_PRECISION_NANO);
    pcap_set_buffer_size(handle.get(), options.buffer_bytes);
    if (const int status = pcap_activate(handle.get()); status < 0)
        return cannot_open(interface, status, pcap_geterr(handle.get()));
    if (pcap_setnonblock(handle.get(), 1, reason.data()) != 0)
        return cannot_open(interface, PCAP_ERROR, reason.data());
    LiveCapture capture{interface, std::move(handle)};
    if (capture.descriptor_ < 0)
        return cannot_open(interface, PCAP_ERROR, "it has no descriptor to wait on");
    return capture;
}

LiveCapture::Next LiveCapture::next(FrameHead& head, const std::uint8_t*& bytes) noexcept {
    if (ended_) return Next::ended;
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* data = nullptr;
    const int status = pcap_next_ex(handle_.get(), &header, &data);
    // An interface that was taken down, libpcap would wait for: that is when it wants to be asked
    // again after some time, whatever the descriptor says. We end instead, so that somebody hears.
    const bool down = status == 0 && pcap_get_required_select_timeout(handle_.get()) != nullptr;
    if (status == 0 && !down) return Next::nothing;
    if (status != 1) {
        ended_ = true;
        return Next::ended;
    }
    constexpr std::uint64_t second = 1'000'000'000;
    head = {.time_ns = static_cast<std::uint64_t>(header->ts.tv_sec) * second +
                       static_cast<std::uint64_t>(header->ts.tv_usec) * ns_a_fraction_,
            .captured_bytes = header->caplen,
            .wire_bytes = header->len,
            .link_type = link_type_};
    bytes = data;
    ++frames_read_;
    return Next::frame;
}

Drops LiveCapture::drops() noexcept {
    pcap_stat now{};
    if (pcap_stats(handle_.get(), &now) != 0) return drops_;
    drops_.kernel += now.ps_drop - last_kernel_;  // modulo 2^32, as the counters are
    drops_.interface += now.ps_ifdrop - last_interface_;
    last_kernel_ = now.ps_drop;
    last_interface_ = now.ps_ifdrop;
    return drops_;
}

Failure LiveCapture::failure() const {
    std::string_view what = "cannot be captured on any more";
    std::string remedy = fmt::format("look at it with: ip link show {}", interface_);
    if (!exists(interface_) && !is_libpcaps_own(interface_)) {
        what = "has gone away";
        remedy = "start again when it is back";
    } else if (!is_libpcaps_own(interface_) && !is_up(interface_)) {
        what = "was taken down";
        remedy = fmt::format("bring it up with: sudo ip link set {} up", interface_);
    }
    const std::string_view reason = pcap_geterr(handle_.get());
    return {.exit_code = exit_partial,
            .message =
                fmt::format("{} {} after {} {}{}; {}", interface_, what, frames_read_,
                            frames_read_ == 1 ? "frame" : "frames",
                            reason.empty() ? "" : fmt::format(" (libpcap: {})", reason), remedy)};
}

}  // namespace stator::flowmeter
