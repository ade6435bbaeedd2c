// tools/flowmeter/link_type.hpp - the link types flowmeter can look into.
//
// The numbers are libpcap's DLT_ numbers, repeated so that parsing needs no libpcap;
// capture_file.cpp checks them against libpcap's.
#pragma once

namespace stator::flowmeter::link_type {

inline constexpr int null = 0;             // BSD loopback: a family word in the host's order
inline constexpr int ethernet = 1;         //
inline constexpr int ppp = 9;              //
inline constexpr int raw = 12;             // IPv4 or IPv6, told apart by the version
inline constexpr int ppp_serial = 50;      // PPP in HDLC-like framing
inline constexpr int loop = 108;           // OpenBSD loopback: a family word in network order
inline constexpr int linux_cooked = 113;   // what the interface "any" gives
inline constexpr int ipv4 = 228;           // IPv4 alone
inline constexpr int ipv6 = 229;           // IPv6 alone
inline constexpr int linux_cooked2 = 276;  // as linux_cooked, with the interface's index

}  // namespace stator::flowmeter::link_type
