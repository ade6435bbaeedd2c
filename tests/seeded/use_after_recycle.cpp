// tests/seeded/use_after_recycle.cpp - a program with a fault on purpose: a reader looks at a slot
// after it has gone offline, when its segment has been recycled. The sanitizers must see it.
//
//     use_after_recycle clean       looks while it is online: no finding
//     use_after_recycle hidden      looks after the grace period: the address sanitizer's finding
//     use_after_recycle rewritten   looks while the slot is written anew: the thread sanitizer's
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>

#include <stator/core/inbox.hpp>
#include <stator/platform/rcu.hpp>

namespace {

using namespace stator;

struct Item {
    std::uint64_t words[4];
};
using SmallStock = SegmentStock<Item, 1, 2>;
using SmallInbox = Inbox<SmallStock>;

// Relaxed on purpose: they order nothing, so that only grace periods do.
std::atomic<int> step{0};
void await(int wanted) {
    while (step.load(std::memory_order::relaxed) < wanted)  // orders nothing, see above
        std::this_thread::yield();
}
void reach(int next) {
    step.store(next, std::memory_order::relaxed);  // orders nothing, see above
}

std::uint64_t sum(const Item& item) {
    return item.words[0] + item.words[1] + item.words[2] + item.words[3];
}

std::uint64_t read_slot(SmallInbox& inbox, bool stale) {
    std::atomic<std::uint64_t> first_period{0};
    platform::RcuReader reader;
    reader.enter(first_period);
    reader.online();
    const Claim claim = inbox.claim(1, 1);
    const Item& item = inbox.item(claim, 0);
    std::uint64_t seen = sum(item);
    inbox.taken(claim);
    if (!stale) seen += sum(item);  // the segment is retired, and we are online: it stays
    reader.offline();
    reach(1);
    if (stale) {
        await(2);
        seen += sum(item);  // the fault
    }
    reader.leave();
    return seen;
}

void put(SmallInbox& inbox, std::uint64_t value) {
    (void)inbox.put(1, [value](Item& item, std::size_t) noexcept {
        item = {{value, value, value, value}};
    });
}

}  // namespace

int main(int count, char** arguments) {
    const char* const mode = count == 2 ? arguments[1] : "";
    const bool clean = std::strcmp(mode, "clean") == 0;
    const bool hidden = std::strcmp(mode, "hidden") == 0;
    if (!clean && !hidden && std::strcmp(mode, "rewritten") != 0) {
        std::fprintf(stderr, "usage: use_after_recycle clean|hidden|rewritten\n");
        return 2;
    }
    static InboxWords words;
    static WaitWord grace;
    static StockWords stock_words;
    static SmallStock stock(stock_words);
    static SmallInbox inbox(words, stock, grace, 0, SmallStock::segments);
    put(inbox, 1);
    std::uint64_t seen = 0;
    std::thread reader([&] { seen = read_slot(inbox, !clean); });
    await(1);
    const std::uint32_t retired = stock.collect();
    platform::rcu_synchronize();
    (void)stock.grant(
        retired, [](std::uint32_t) { return inbox.wants_back(); },
        [](std::uint32_t, std::uint32_t segment) { inbox.give(segment); });
    if (hidden) reach(2);
    put(inbox, 2);  // into the other segment
    if (!hidden) {
        put(inbox, 3);  // into the recycled one
        reach(2);
    }
    reader.join();
    std::printf("%s: the reader saw %llu\n", mode, static_cast<unsigned long long>(seen));
    return 0;
}
