// tools/flowmeter/flow_key.cpp - the hash of a flow's key.
#include "flowmeter/flow_key.hpp"

#include <bit>

namespace stator::flowmeter {
namespace {

__extension__ using Wide = unsigned __int128;

// Odd numbers with as many ones as zeros and no pattern: digits of the golden ratio and of roots.
constexpr std::array<std::uint64_t, 4> salt{0x9e3779b97f4a7c15U, 0xbb67ae8584caa73bU,
                                            0x3c6ef372fe94f82bU, 0xa54ff53a5f1d36f1U};

// Both halves of the 128-bit product, folded: every bit of the result depends on all of the input.
constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t hash_of(const FlowKey& key) noexcept {
    const auto word = std::bit_cast<std::array<std::uint64_t, 5>>(key);
    const std::uint64_t a = fold(word[0] ^ salt[0], word[1] ^ salt[1]);
    const std::uint64_t b = fold(word[2] ^ salt[1], word[3] ^ salt[2]);
    const std::uint64_t c = fold(word[4] ^ salt[2], a ^ salt[3]);
    return fold(b ^ salt[0], c ^ salt[3]);
}

}  // namespace stator::flowmeter
