// tools/flowmeter/flow_digest.hpp - one SHA-256 a flow, over the digests of its payloads.
//
// The digest of a flow is the SHA-256 of the digests of its frames' payloads, one after the other
// in capture order, frames without payload left out. So the payloads can be digested anywhere, and
// only 32 bytes a frame need to arrive in order.
#pragma once
#include <nettle/sha2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace stator::flowmeter {

struct PayloadDigest {
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> bytes;

    friend constexpr bool operator==(const PayloadDigest&, const PayloadDigest&) = default;
};

// SHA-256 of `payload`, which may be empty. No allocation. Any thread.
[[nodiscard]] inline PayloadDigest digest_of(std::span<const std::uint8_t> payload) noexcept {
    sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, payload.size(), payload.data());
    PayloadDigest digest;
    sha256_digest(&context, digest.bytes.size(), digest.bytes.data());
    return digest;
}

// The running digests of `flows` flows, by the index FlowTable gives. A trivial type: zeroed memory
// is a set of flows without payload; see FlowTable for how to construct one. One thread at a time.
template <std::size_t flows>
class FlowDigests {
public:
    static constexpr std::size_t capacity = flows;

    FlowDigests() = default;

    // Appends the digest of a frame's payload to `flow` (below capacity). For frames that have
    // payload only.
    void add(std::uint32_t flow, const PayloadDigest& payload) noexcept {
        Running& running = running_[flow];
        if (!running.started) {
            sha256_init(&running.context);
            running.started = true;
        }
        sha256_update(&running.context, payload.bytes.size(), payload.bytes.data());
    }

    // The digest of `flow` (below capacity) so far; that of nothing at all where it had no payload.
    [[nodiscard]] PayloadDigest result(std::uint32_t flow) const noexcept {
        if (!running_[flow].started) return digest_of({});
        sha256_ctx context = running_[flow].context;  // a copy: reading out resets the original
        PayloadDigest digest;
        sha256_digest(&context, digest.bytes.size(), digest.bytes.data());
        return digest;
    }

private:
    struct Running {
        sha256_ctx context;
        bool started;
    };
    std::array<Running, flows> running_;  // without initialiser: the type stays trivial
};

}  // namespace stator::flowmeter
