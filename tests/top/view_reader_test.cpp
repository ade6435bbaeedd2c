// tests/top/view_reader_test.cpp - made-up view files: the right ones are shown, others refused.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <stator/core/figures.hpp>
#include <stator/core/inbox_words.hpp>
#include <stator/core/registry.hpp>
#include <stator/core/view.hpp>
#include <stator/platform/claim.hpp>
#include <stator/platform/cpu.hpp>
#include <stator/platform/shared_region.hpp>

#include "metrics/exposition.hpp"
#include "top/command.hpp"
#include "top/render.hpp"
#include "top/view_reader.hpp"

namespace stator::top {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t entries = 10;
using Slots = Registry<4>;

// A view as a scheduler lays it out: two workers, a pipeline of two stages, a pool.
struct Fake {
    ViewTable<entries> table;
    alignas(128) WorkerFigures first, second;
    alignas(128) std::array<InboxWords, 2> inbox;
    alignas(128) Slots registry;
    alignas(128) StockWords stock, spare;
    alignas(128) GraceFigures grace;
    alignas(128) LineFigures line;
    alignas(128) LinkFigures link;
    alignas(128) StageFigures begin, end;
};
constexpr std::size_t file_bytes = (sizeof(Fake) + 4095) / 4096 * 4096;

struct FreeFake {
    void operator()(Fake* fake) const { delete fake; }
};
using FakePointer = std::unique_ptr<Fake, FreeFake>;

template <typename T>
void show(Fake& fake, std::size_t i, Shown kind, const T& record, int worker, std::string_view name,
          std::string_view to = {}) {
    ViewEntry& entry = fake.table.entries[i];
    entry.kind = kind;
    entry.node = 3;
    entry.worker = worker;
    entry.cpu = worker < 0 ? -1 : 10 + worker;
    entry.offset = static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&record) -
                                              reinterpret_cast<const std::byte*>(&fake));
    entry.bytes = sizeof(T);
    entry.name = ViewText(name);
    entry.to = ViewText(to);
}

void fill_inbox(Fake& fake) {
    using enum std::memory_order;
    fake.inbox[0].slots = fake.inbox[1].slots = 8;
    fake.inbox[0].tail.store(20, relaxed);
    fake.inbox[0].head.store(12, relaxed);
    fake.inbox[1].first_position = 5;
    fake.inbox[1].tail.store(7 | InboxWords::closed_bit, relaxed);
    fake.inbox[1].head.store(6, relaxed);
    fake.stock.segments = 9;
    fake.stock.free.store(4, relaxed);
    fake.stock.held[1].store(3, relaxed);
    fake.stock.retired.store(7, relaxed);
    fake.stock.returned.store(5, relaxed);
    fake.stock.cooling_high.store(6, relaxed);
    fake.stock.linked.store(17, relaxed);
    fake.stock.woken_outside.store(19, relaxed);
    fake.stock.refused_outside[static_cast<std::size_t>(Submit::expired)].store(23, relaxed);
}

void fill(Fake& fake) {
    fake.first.rounds.add(100);
    fake.first.executed.add(7);
    fake.first.failed.add(1);
    fake.first.busy_cycles.add(3'000);
    fake.first.refused[static_cast<std::size_t>(Submit::full)].add(5);
    fake.first.first_period.set(4);
    fake.first.expired.add(31);
    fake.first.cancelled.add(32);
    fake.first.spawned.add(33);
    fake.first.claims.add(34);
    fake.first.spilled.add(39);
    for (std::uint64_t i = 0; i < steal_steps; ++i) fake.first.stolen[i].add(135 + i);
    fake.first.overflowed.add(37);
    for (std::uint64_t i = 0; i < woken_by_kinds; ++i) fake.first.woken_by[i].add(40 + i);
    fake.first.failed_id.set(77);
    fake.first.failed_kind[0].set(ShortName("breaks").words[0]);
    fake.second.sleeps.add(2);
    fake.second.woken.add(1);
    fake.second.first_period.set(6);
    fill_inbox(fake);
    fake.grace.periods.add(2);
    fake.grace.current.set(5);
    fake.line.items.add(40);
    fake.link.before.accepted.set(50);
    fake.link.after.taken.set(44);
    fake.link.slots = 16;
    fake.begin.items.add(50);
    fake.end.items.add(40);
    for (std::uint64_t i = 1; i <= 100; ++i) fake.end.latency.record(i * 300);
    const std::uint64_t now = platform::cycles();
    for (const std::uint64_t id : {1u, 2u}) {
        const RegistryHandle handle = fake.registry.claim();
        fake.registry.begin(handle, {.id = id,
                                     .kind = ShortName(id == 1 ? "young" : "old"),
                                     .worker = id - 1,
                                     .started = now - id * 1'000'000});
    }
}

// What a living scheduler of this process shows.
FakePointer make_fake() {
    FakePointer fake(new Fake);
    fill(*fake);
    show(*fake, 0, Shown::worker, fake->first, 0, "left");
    show(*fake, 1, Shown::worker, fake->second, 1, "right");
    show(*fake, 2, Shown::inbox, fake->inbox, -1, "positions");
    show(*fake, 3, Shown::registry, fake->registry, -1, "running");
    show(*fake, 4, Shown::grace, fake->grace, -1, "periods");
    show(*fake, 5, Shown::line, fake->line, -1, "end to end");
    show(*fake, 6, Shown::link, fake->link, 1, "begin", "end");
    show(*fake, 7, Shown::stage, fake->begin, 0, "begin");
    show(*fake, 8, Shown::stage, fake->end, 1, "end");
    show(*fake, 9, Shown::stock, fake->stock, -1, "stock");
    ViewHeader& header = fake->table.header;
    header.file_bytes = file_bytes;
    header.entries = entries;
    header.process_id = static_cast<std::uint64_t>(platform::this_process().pid);
    header.process_started = platform::this_process().started;
    header.process_space = platform::this_process().space;
    header.begun_cycles = platform::cycles() - 3'000'000;
    header.cycles_per_ns = 3.0;
    header.board = ViewText("fake");
    header.publish();
    return fake;
}

class Top : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "stator-top-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
        setenv("STATOR_SHM", folder.c_str(), 1);
    }
    void TearDown() override {
        unsetenv("STATOR_SHM");
        fs::remove_all(folder);
    }
    std::string write(const Fake& fake, const std::string& name = "fake.1.0.view",
                      std::size_t bytes = file_bytes) const {
        std::string content(std::max(bytes, sizeof(Fake)), '\0');
        std::memcpy(content.data(), static_cast<const void*>(&fake), sizeof(Fake));
        content.resize(bytes);
        std::string path = folder + '/' + name;
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    // What is wrong with a file that holds a fake with `damage`.
    std::string reason(const std::function<void(Fake&)>& damage,
                       std::size_t bytes = file_bytes) const {
        const FakePointer fake = make_fake();
        damage(*fake);
        const std::string path = write(*fake, "fake.1.0.view", bytes);
        platform::RegionMap map;
        EXPECT_TRUE(map.open(path).ok());
        View view;
        const platform::Status s = view.take(std::move(map), path);
        EXPECT_TRUE(s.ok() || s.text().starts_with(path + ": ")) << s.text();
        return s.text();
    }
    std::string folder;
};

void expect_part(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text << "\nlacks: " << part;
}

TEST_F(Top, shows_what_every_record_says) {
    const FakePointer fake = make_fake();
    write(*fake);
    std::vector<ViewFile> files = find_views();
    ASSERT_EQ(files.size(), 1u);
    ASSERT_EQ(files[0].state, ViewFile::State::living) << files[0].why;
    EXPECT_EQ(files[0].process, platform::this_process());
    const Snapshot s = files[0].view.look();
    EXPECT_EQ(s.board, "fake");
    EXPECT_EQ(s.pid, getpid());
    EXPECT_GE(s.uptime_ns, 1'000'000u);
    ASSERT_EQ(s.workers.size(), 2u);
    EXPECT_EQ(s.workers[0].report.name, "left");
    EXPECT_EQ(s.workers[0].report.cpu, 10);
    EXPECT_EQ(s.workers[0].node, 3);
    EXPECT_EQ(s.workers[0].report.busy_ns, 1'000u);
    EXPECT_EQ(s.workers[0].report.refused[static_cast<std::size_t>(Submit::full)], 5u);
    EXPECT_EQ(s.workers[0].report.stolen[0], 135u);
    EXPECT_EQ(s.workers[0].report.stolen[3], 138u);
    EXPECT_EQ(s.workers[0].report.spilled, 39u);
    EXPECT_EQ(s.workers[0].report.woken_by[static_cast<std::size_t>(WokenBy::timer)], 43u);
    EXPECT_EQ(s.workers[0].report.failed_kind, "breaks");
    EXPECT_EQ(s.workers[0].report.failed_id, 77u);
    EXPECT_EQ(s.workers[1].report.failed_kind, "");
    EXPECT_TRUE(s.workers[0].late);
    EXPECT_FALSE(s.workers[0].asleep);
    EXPECT_FALSE(s.workers[1].late);
    EXPECT_TRUE(s.workers[1].asleep);
    ASSERT_EQ(s.lines.size(), 1u);
    EXPECT_EQ(s.lines[0].items, 40u);
    ASSERT_EQ(s.lines[0].stages.size(), 2u);
    EXPECT_EQ(s.lines[0].stages[1].role, "end");
    EXPECT_EQ(s.lines[0].stages[1].worker, "right");
    EXPECT_EQ(s.lines[0].stages[1].latency.max_ns, 10'000u);
    ASSERT_EQ(s.lines[0].links.size(), 1u);
    EXPECT_EQ(s.lines[0].links[0].inside(), 6u);
    ASSERT_EQ(s.latencies.size(), 1u);
    ASSERT_EQ(s.latencies[0].stages.size(), 2u);
    EXPECT_EQ(s.latencies[0].stages[1].all, 100u);
    EXPECT_EQ(s.latencies[0].stages[1].up_to[3], 9u);  // 100 to 900 ns, and 1000 rounded up
    EXPECT_EQ(s.latencies[0].stages[1].up_to.back(), 100u);
    EXPECT_EQ(s.latencies[0].whole.all, 0u);
    ASSERT_TRUE(s.grace.has_value());
    EXPECT_TRUE(s.grace->in_progress);
    EXPECT_EQ(s.grace->late_readers, std::vector<std::string>{"left"});
    ASSERT_EQ(s.running.size(), 2u);
    EXPECT_EQ(s.running[0].kind, "old");
    EXPECT_EQ(s.running[0].worker, "right");
    EXPECT_GT(s.running[0].age_ns, s.running[1].age_ns);
}

TEST_F(Top, shows_inboxes_by_priority_and_their_segments) {
    const FakePointer fake = make_fake();
    write(*fake);
    const std::vector<ViewFile> files = find_views();
    ASSERT_EQ(files.size(), 1u);
    const Snapshot s = files[0].view.look();
    ASSERT_EQ(s.inboxes.size(), 1u);
    const InboxSeen& seen = s.inboxes[0];
    EXPECT_EQ(seen.report.node, 3);
    EXPECT_EQ(seen.report.accepted, 22u);
    EXPECT_EQ(seen.report.claimed, 13u);
    EXPECT_EQ(seen.report.waiting, 9u);
    EXPECT_EQ(seen.report.waiting_at, (std::vector<std::uint64_t>{8, 1}));
    EXPECT_EQ(seen.report.slots, 8u);
    EXPECT_EQ(seen.report.segments, 9u);
    EXPECT_EQ(seen.report.linked, 17u);
    EXPECT_EQ(seen.report.woken, 19u);
    EXPECT_EQ(seen.report.recycled, 5u);
    EXPECT_EQ(seen.report.cooling_high_water, 6u);
    EXPECT_EQ(seen.report.refused[static_cast<std::size_t>(Submit::expired)], 23u);
    EXPECT_EQ(seen.free, 4u);
    EXPECT_EQ(seen.report.cooling, 2u);
    EXPECT_EQ(seen.open(), 3u);
    ASSERT_EQ(seen.priorities.size(), 2u);
    EXPECT_EQ(seen.priorities[0].accepted, 20u);
    EXPECT_EQ(seen.priorities[1].accepted, 2u);
    EXPECT_EQ(seen.priorities[1].claimed, 1u);
    EXPECT_EQ(seen.priorities[1].waiting, 1u);
    EXPECT_EQ(seen.priorities[1].segments, 3u);
}

TEST_F(Top, says_of_tasks_what_became_of_them) {
    const FakePointer fake = make_fake();
    write(*fake);
    const std::vector<ViewFile> files = find_views();
    ASSERT_EQ(files.size(), 1u);
    Snapshot s = files[0].view.look();
    const std::string text = text_of(s, nullptr);
    const std::string worker =
        "      31         32       33      34          135  411          37 ";
    expect_part(text, "left    breaks (id 77) " + worker);
    expect_part(text, "              41      42     43\n");
    expect_part(text, "right   -              ");
    expect_part(text, "  3     expired 23             22         17        9       13     19  ");
    expect_part(text, "     9 x 8     4        2        6         5\n");
    expect_part(text, "\nPriorities\n  node  priority  accepted  waiting  claimed  segments\n");
    expect_part(text,
                "\n  3            1         2        1        1         3\n  3            0 ");
    const auto json = nlohmann::json::parse(json_of(s));
    const auto& left = json["workers"][0];
    EXPECT_EQ(left["expired"], 31);
    EXPECT_EQ(left["overflowed"], 37);
    EXPECT_EQ(left["spilled"], 39);
    EXPECT_EQ(left["stolen"],
              (nlohmann::json{{"near", 135}, {"next", 136}, {"second", 137}, {"farther", 138}}));
    EXPECT_EQ(left["woken_by"], (nlohmann::json{{"outside", 41}, {"worker", 42}, {"timer", 43}}));
    EXPECT_EQ(left["last_failure"], (nlohmann::json{{"kind", "breaks"}, {"id", 77}}));
    EXPECT_EQ(json["workers"][1]["last_failure"], nullptr);
    const auto& inbox = json["inboxes"][0];
    EXPECT_EQ(inbox["intrusive"], 17);
    EXPECT_EQ(inbox["open"], 3);
    EXPECT_EQ(inbox["priorities"][1]["waiting"], 1);
    // One priority needs no table, and without a registry a failure has no id.
    s.inboxes[0].priorities.pop_back();
    s.workers[0].report.failed_id = 0;
    EXPECT_EQ(text_of(s, nullptr).find("Priorities"), std::string::npos);
    expect_part(text_of(s, nullptr), "left    breaks  ");
}

TEST_F(Top, says_rates_since_the_picture_before) {
    const FakePointer fake = make_fake();
    write(*fake);
    const std::vector<ViewFile> files = find_views();
    ASSERT_EQ(files.size(), 1u);
    const Snapshot before = files[0].view.look();
    Snapshot now = before;
    now.uptime_ns += 500'000'000;
    now.workers[0].report.executed += 100;
    now.workers[0].report.busy_ns += 250'000'000;
    now.workers[1].report.rounds += 3;
    now.workers[1].report.idle_rounds += 3;
    now.workers[1].asleep = false;
    now.lines[0].stages[1].items += 1'000'000;
    const std::string text = text_of(now, &before);
    expect_part(text, "board fake, process " + std::to_string(getpid()));
    expect_part(text, "left    busy late   10     3  50.0 %      200       107");
    expect_part(text, "right   idle        11     3   0.0 %        0");
    expect_part(text, "end    right   1000040   2.00 M");
    expect_part(text, "begin > end");
    expect_part(text, "6/16");
    expect_part(text, "and waits for left (thread 0)");
    expect_part(text_of(before, nullptr), "rates since the start");
}

TEST_F(Top, json_survives_any_text) {
    const FakePointer fake = make_fake();
    fake->table.header.board = ViewText("\x1b[2J\xff\"quoted\"");
    fake->table.entries[8].name.text.fill('\x9b');
    fake->first.failed_kind[0].set(0x9b1b);
    write(*fake);
    const std::vector<ViewFile> files = find_views();
    ASSERT_EQ(files.size(), 1u);
    const Snapshot s = files[0].view.look();
    EXPECT_EQ(text_of(s, nullptr).find('\x1b'), std::string::npos);
    const auto json = nlohmann::json::parse(json_of(s));
    EXPECT_EQ(json["board"], "?[2J?\"quoted\"");
    EXPECT_EQ(json["stages"][1]["role"], std::string(32, '?'));
    EXPECT_EQ(json["workers"][0]["refused"]["full"], 5);
    EXPECT_EQ(json["workers"][0]["last_failure"]["kind"], "??");
    EXPECT_EQ(json["registry"][0]["kind"], "old");
    EXPECT_EQ(json["grace"]["late_readers"][0], "left");
}

TEST_F(Top, refuses_a_header_that_is_not_right) {
    const auto header = [](Fake& fake) -> ViewHeader& { return fake.table.header; };
    EXPECT_EQ(reason([](Fake&) {}), "");
    expect_part(reason([&](Fake& f) { ++header(f).version; }), "another version");
    expect_part(reason([&](Fake& f) { header(f).entry_bytes = 8; }), "another version");
    expect_part(reason([&](Fake& f) { header(f).file_bytes += 4096; }), "bytes, and has");
    expect_part(reason([](Fake&) {}, file_bytes - 4096), "bytes, and has");
    expect_part(reason([&](Fake& f) { header(f).entries = UINT64_MAX; }), "no room");
    expect_part(reason([&](Fake& f) { header(f).entries = file_bytes / sizeof(ViewEntry); }),
                "no room");
    expect_part(reason([&](Fake& f) { header(f).process_id = 0; }), "no process");
    expect_part(reason([&](Fake& f) { header(f).process_id = 1ull << 31; }), "no process");
    for (const double rate : {0.0, -3.0, 1e300, std::numeric_limits<double>::quiet_NaN()})
        expect_part(reason([&](Fake& f) { header(f).cycles_per_ns = rate; }), "no clock");
}

TEST_F(Top, refuses_an_entry_that_is_not_right) {
    const auto entry = [](Fake& fake) -> ViewEntry& { return fake.table.entries[3]; };  // registry
    expect_part(reason([&](Fake& f) { entry(f).kind = Shown::none; }), "no kind of record");
    expect_part(reason([&](Fake& f) { entry(f).kind = Shown::header; }), "no kind of record");
    expect_part(reason([&](Fake& f) { entry(f).kind = static_cast<Shown>(99); }),
                "entry 3: 99 is no kind of record");
    expect_part(reason([&](Fake& f) { entry(f).kind = Shown::grace; }), "a grace period has");
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{128}, file_bytes - 64,
                                       file_bytes + 4096, UINT64_MAX - 127})
        expect_part(reason([&](Fake& f) { entry(f).offset = offset; }), "inside the file");
    expect_part(reason([&](Fake& f) { entry(f).bytes = UINT64_MAX - 63; }), "inside the file");
    expect_part(reason([&](Fake& f) { entry(f).offset += 8; }), "not aligned");
    for (const std::uint64_t bytes : {0u, 64u, 65u, 5u * 64 + 1})
        expect_part(reason([&](Fake& f) { entry(f).bytes = bytes; }), "a registry has");
    expect_part(reason([&](Fake& f) { entry(f).offset = f.table.entries[2].offset; }), "overlap");
    EXPECT_EQ(reason([&](Fake& f) { entry(f).bytes = 2 * 64; }), "");  // a smaller one is fine
}

TEST_F(Top, refuses_inboxes_that_are_not_right) {
    const auto inbox = [](Fake& fake) -> ViewEntry& { return fake.table.entries[2]; };
    const auto stock = [](Fake& fake) -> ViewEntry& { return fake.table.entries[9]; };
    for (const std::uint64_t bytes :
         {std::uint64_t{0}, sizeof(InboxWords) - 1, sizeof(InboxWords) + 64})
        expect_part(reason([&](Fake& f) { inbox(f).bytes = bytes; }), "a node's inbox has");
    // Behind all else there is room for as many as there can be, and for one more.
    constexpr std::size_t long_bytes = file_bytes + (1u << 16);
    for (const std::size_t n : {priorities_max, priorities_max + 1}) {
        const std::string wrong = reason(
            [&](Fake& f) {
                f.table.header.file_bytes = long_bytes;
                inbox(f).offset = file_bytes;
                inbox(f).bytes = n * sizeof(InboxWords);
            },
            long_bytes);
        EXPECT_EQ(wrong.empty(), n == priorities_max) << wrong;
        if (n > priorities_max) expect_part(wrong, "a node's inbox has");
    }
    EXPECT_EQ(reason([&](Fake& f) { inbox(f).bytes = sizeof(InboxWords); }), "");
    for (const std::uint64_t bytes : {sizeof(StockWords) - 64, sizeof(StockWords) + 64})
        expect_part(reason([&](Fake& f) { stock(f).bytes = bytes; }), "a node's stock has");
    // Each node that has one of them has both, once.
    expect_part(reason([&](Fake& f) { stock(f).node = 4; }), "node 3 has 1 inbox and 0 stock");
    expect_part(reason([&](Fake& f) { show(f, 8, Shown::stock, f.spare, -1, "second"); }),
                "node 3 has 1 inbox and 2 stock");
    expect_part(reason([&](Fake& f) { inbox(f).node = -1; }), "node -1 has 1 inbox and 0 stock");
}

// Whatever the bytes are: an answer, and no crash.
TEST_F(Top, survives_any_bytes) {
    const FakePointer fake = make_fake();
    const std::string path = write(*fake);
    std::mt19937_64 random(1);
    std::size_t shown = 0;
    for (int i = 0; i < 4000; ++i) {
        std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
        // The table, where it matters most, or anything.
        const std::size_t within = i % 2 == 0 ? sizeof(ViewTable<entries>) : file_bytes;
        const auto at = static_cast<std::streamoff>(random() % within);
        file.seekg(at);
        const auto old = static_cast<char>(file.get());
        file.seekp(at);
        file.put(static_cast<char>(random()));
        file.close();
        for (const ViewFile& found : find_views()) {
            if (found.state != ViewFile::State::living) continue;
            const Snapshot s = found.view.look();
            const metrics::Source source{.picture = s, .view = "any"};
            const bool empty = text_of(s, nullptr).empty() || json_of(s).empty() ||
                               metrics::exposition_of({&source, 1}).empty();
            shown += empty ? 0 : 1;
        }
        file.open(path, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(at);
        file.put(old);
    }
    EXPECT_GT(shown, 1000u);
}

TEST_F(Top, knows_stale_starting_and_broken_files) {
    const FakePointer fake = make_fake();
    write(*fake, "a.view");
    ++fake->table.header.process_started;  // the number is used again
    write(*fake, "b.view");
    fake->table.header.magic.store(0, std::memory_order::relaxed);
    write(*fake, "c." + std::to_string(getpid()) + ".0.view");
    write(*fake, "d.999999999.0.view");
    write(*fake, "e.view");
    write(*fake, "f." + std::to_string(getpid()) + ".0.view", 0);
    fake->table.header.magic.store(1, std::memory_order::relaxed);
    write(*fake, "g.view");
    using enum ViewFile::State;
    const std::vector<ViewFile> files = find_views();
    std::vector<ViewFile::State> states;
    states.reserve(files.size());
    for (const ViewFile& file : files) states.push_back(file.state);
    EXPECT_EQ(states, (std::vector<ViewFile::State>{living, stale, starting, stale, refused,
                                                    starting, refused}));
    for (const ViewFile& file : files) {
        const bool removed = remove_stale(file.path).ok();
        EXPECT_EQ(removed, file.state == stale) << file.path;
        EXPECT_EQ(fs::exists(file.path), !removed) << file.path;
    }
}

TEST_F(Top, believes_claims_about_files_that_say_nothing) {
    const FakePointer fake = make_fake();
    fake->table.header.magic.store(1, std::memory_order::relaxed);
    const std::string path = write(*fake, "mine.view");
    platform::CpuClaim claim;
    CpuSet cpus;
    cpus.add(0);
    ASSERT_TRUE(claim.take(cpus, "board fake", "mine.view").ok());
    EXPECT_EQ(find_views().at(0).state, ViewFile::State::refused);
    EXPECT_EQ(find_views().at(0).process, platform::this_process());
    std::ofstream(folder + "/1.0.claim")
        << "pid 999999999\nstarted 1\nspace " << platform::this_process().space
        << "\nholder x\ncpus 1\nregion mine.view\n";
    EXPECT_EQ(find_views().at(0).state, ViewFile::State::refused);  // one that lives claims it
    claim.give_back();
    EXPECT_EQ(find_views().at(0).state, ViewFile::State::stale);
}

TEST_F(Top, asks_which_one_where_several_run) {
    const FakePointer fake = make_fake();
    write(*fake, "mine.view");
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        const platform::ProcessId self = platform::this_process();
        fake->table.header.process_id = static_cast<std::uint64_t>(self.pid);
        fake->table.header.process_started = self.started;
        fake->table.header.process_space = self.space;
        fake->table.header.board = ViewText("other");
        write(*fake, "other.view");
        (void)!::write(ready[1], "x", 1);
        for (;;) pause();
    }
    char ignored = 0;
    ASSERT_EQ(read(ready[0], &ignored, 1), 1);
    testing::internal::CaptureStderr();
    EXPECT_EQ(run_top({.once = true}), 2);
    const std::string list = testing::internal::GetCapturedStderr();
    expect_part(list, "--pid " + std::to_string(getpid()));
    expect_part(list, "--pid " + std::to_string(child));
    expect_part(list, "board other");
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_top({.pid = child, .once = true}), 0);
    expect_part(testing::internal::GetCapturedStdout(), "board other, process");
    // Two schedulers of one process are shown one after the other.
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    write(*make_fake(), "second.view");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    EXPECT_EQ(run_top({.once = true}), 0);
    const std::string both = testing::internal::GetCapturedStdout();
    EXPECT_NE(both.find("board fake"), both.rfind("board fake"));
    expect_part(testing::internal::GetCapturedStderr(), "stale: " + folder + "/other.view");
    close(ready[0]);
    close(ready[1]);
}

}  // namespace
}  // namespace stator::top
