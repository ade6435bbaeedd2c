// tools/top/view_reader.cpp - view files are checked, and their records become plain values.
#include "top/view_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stator/core/figures.hpp>
#include <stator/core/inbox_words.hpp>
#include <stator/core/registry.hpp>
#include <stator/core/view.hpp>
#include <stator/platform/cpu.hpp>

namespace stator::top {
namespace {

using platform::Cause;
using platform::Status;

// A registry of any size: its slots, and the line of the overflows behind them.
constexpr std::uint64_t overflow_line = 64;
constexpr std::size_t registry_slots_max = 65'536;
static_assert(sizeof(Registry<1>) == sizeof(RegistrySlot) + overflow_line);
static_assert(sizeof(Registry<7>) == 7 * sizeof(RegistrySlot) + overflow_line);

struct RecordType {
    std::string_view text;
    std::uint64_t bytes = 0;  // 0: this is no kind of record
    std::uint64_t alignment = 1;
};

template <typename T>
constexpr RecordType type_of(std::string_view text) {
    return {.text = text, .bytes = sizeof(T), .alignment = alignof(T)};
}

constexpr RecordType type_of_kind(Shown kind) {
    switch (kind) {
        case Shown::worker:
            return type_of<WorkerFigures>("worker");
        case Shown::stage:
            return type_of<StageFigures>("stage");
        case Shown::link:
            return type_of<LinkFigures>("link");
        case Shown::line:
            return type_of<LineFigures>("pipeline");
        case Shown::inbox:
            return type_of<InboxWords>("node's inbox");  // of one priority
        case Shown::stock:
            return type_of<StockWords>("node's stock");
        case Shown::grace:
            return type_of<GraceFigures>("grace period");
        case Shown::registry:
            return type_of<Registry<1>>("registry");  // the smallest
        case Shown::none:
        case Shown::header:
            break;
    }
    return {};
}

bool has_size_of(Shown kind, const RecordType& type, std::uint64_t bytes) {
    switch (kind) {
        case Shown::registry:
            return bytes >= type.bytes && bytes <= sizeof(Registry<registry_slots_max>) &&
                   bytes % sizeof(RegistrySlot) == 0;
        case Shown::inbox:
            return bytes >= type.bytes && bytes <= priorities_max * type.bytes &&
                   bytes % type.bytes == 0;
        default:
            return bytes == type.bytes;
    }
}

std::string printable(std::string_view text) {
    std::string all(text);
    for (char& c : all)
        if (c < ' ' || c > '~') c = '?';
    return all;
}

// For stages and links that come before any pipeline.
void add_line(Snapshot& picture) {
    picture.lines.emplace_back();
    picture.latencies.emplace_back();
}

bool exists(const std::string& path) {
    struct stat info {};
    return lstat(path.c_str(), &info) == 0;
}

// The process number in BOARD.PID.N.view, or 0.
int pid_in_name(std::string_view path) {
    std::string_view name = file_name(path);
    for (int part = 0; part < 2; ++part) name = name.substr(0, name.rfind('.'));
    name = name.substr(name.rfind('.') + 1);
    int pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    return error == std::errc{} && end == name.data() + name.size() && pid > 0 ? pid : 0;
}

// For a file that does not say itself whose it is: what the claims say. Stale where its process
// has ended, and no living one claims the same file.
void ask_claims(ViewFile& file, const std::vector<platform::ClaimFacts>& claims) {
    for (const platform::ClaimFacts& claim : claims) {
        if (claim.region != file_name(file.path)) continue;
        file.process = claim.process;
        file.state = claim.alive ? ViewFile::State::refused : ViewFile::State::stale;
        if (claim.alive) return;
    }
}

// A file whose header has not been published: it is being made, or its maker ended before that.
void judge_unpublished(ViewFile& file, const std::vector<platform::ClaimFacts>& claims) {
    ask_claims(file, claims);
    if (file.state == ViewFile::State::stale) return;
    if (file.process.pid == 0) {
        file.process.pid = pid_in_name(file.path);
        if (file.process.pid > 0 && !exists(fmt::format("/proc/{}", file.process.pid))) {
            file.state = ViewFile::State::stale;
            return;
        }
    }
    if (file.process.pid == 0) {
        file.why = file.path +
                   ": is not the view of a scheduler: it was never finished; remove it with  rm " +
                   file.path;
        return;
    }
    file.state = ViewFile::State::starting;
    file.why = fmt::format("{}: the scheduler of process {} has not started yet; ask again",
                           file.path, file.process.pid);
}

// What is no view whatever it holds: links, folders, and files of less than a page.
std::string refused_unopened(const std::string& path, bool& empty) {
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) return "";  // opening it says why
    const bool regular = S_ISREG(info.st_mode);
    empty = regular && info.st_size == 0;
    if (regular && info.st_size >= static_cast<off_t>(sysconf(_SC_PAGESIZE))) return "";
    return fmt::format("{}: is not the view of a scheduler: {}; remove it with  rm -r {}", path,
                       regular ? "it is too small" : "it is no regular file", path);
}

ViewFile inspect(const std::string& path, const std::vector<platform::ClaimFacts>& claims) {
    ViewFile file;
    file.path = path;
    bool empty = false;
    file.why = refused_unopened(path, empty);
    if (empty) judge_unpublished(file, claims);
    if (!file.why.empty() || empty) return file;
    platform::RegionMap map;
    if (const Status s = map.open(path); !s.ok()) {
        file.why = s.text();
        ask_claims(file, claims);
        return file;
    }
    if (reinterpret_cast<const ViewHeader*>(map.bytes().data())
            ->magic.load(std::memory_order::acquire) == 0) {  // V1
        judge_unpublished(file, claims);
        return file;
    }
    if (const Status s = file.view.take(std::move(map), path); !s.ok()) {
        file.why = s.text();
        ask_claims(file, claims);
        return file;
    }
    file.process = file.view.process();
    file.state =
        platform::is_alive(file.process) ? ViewFile::State::living : ViewFile::State::stale;
    return file;
}

}  // namespace

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// ---- Checking ----

Status View::take(platform::RegionMap map, const std::string& path) {
    map_ = std::move(map);
    path_ = path;
    records_.clear();
    const std::string wrong = take_header();
    if (wrong.empty()) return {};
    records_.clear();
    return {Cause::view_refused, fmt::format("{}: {}", path, wrong)};
}

std::string View::take_header() {
    const std::span<const std::byte> file = map_.bytes();
    const std::string remedy = "; if no scheduler uses it, remove it with  rm " + path_;
    const auto bad = [&](const std::string& what) {
        return "is not the view of a scheduler: " + what + remedy;
    };
    if (file.size() < sizeof(ViewHeader)) return bad("it is too small");
    const auto& header = *reinterpret_cast<const ViewHeader*>(file.data());
    if (!header.is_published()) return bad("it does not begin as one");
    const std::uint32_t version = header.version, entry_bytes = header.entry_bytes;
    if (version != view_version || entry_bytes != sizeof(ViewEntry))
        return fmt::format(
            "was written by another version (layout {} with entries of {} bytes, "
            "and this is {} with {}); use the stator that was built with that program",
            version, entry_bytes, view_version, sizeof(ViewEntry));
    if (const std::uint64_t bytes = header.file_bytes; bytes != file.size())
        return bad(fmt::format("it says that it has {} bytes, and has {}", bytes, file.size()));
    entries_ = header.entries;
    if (entries_ > (file.size() - sizeof(ViewHeader)) / sizeof(ViewEntry))
        return bad(fmt::format("there is no room in it for {} entries", entries_));
    const std::uint64_t pid = header.process_id;
    if (pid == 0 || pid > INT_MAX) return bad(fmt::format("{} is no process", pid));
    clock_.cycles_per_ns = header.cycles_per_ns;
    if (!(clock_.cycles_per_ns >= 1e-4 && clock_.cycles_per_ns <= 1e2))
        return bad(fmt::format("{} cycles a nanosecond are no clock", clock_.cycles_per_ns));
    process_ = {.pid = static_cast<int>(pid),
                .started = header.process_started,
                .space = header.process_space};
    begun_cycles_ = header.begun_cycles;
    const ViewText board = header.board;
    board_ = printable(board.view());
    const std::uint64_t table_bytes = sizeof(ViewHeader) + entries_ * sizeof(ViewEntry);
    for (std::size_t i = 0; i < entries_; ++i)
        if (const std::string what = take_entry(i, table_bytes); !what.empty())
            return bad(fmt::format("entry {}: {}", i, what));
    if (records_overlap()) return bad("two of its records overlap");
    const std::string odd = odd_node();
    return odd.empty() ? "" : bad(odd);
}

bool View::records_overlap() const {
    std::vector<std::pair<const std::byte*, const std::byte*>> places;
    for (const Record& record : records_) places.emplace_back(record.at, record.at + record.bytes);
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i)
        if (places[i].first < places[i - 1].second) return true;
    return false;
}

std::string View::odd_node() const {
    for (const Record& record : records_) {
        if (record.kind != Shown::inbox && record.kind != Shown::stock) continue;
        const auto number_of = [&](Shown kind) {
            return std::count_if(records_.begin(), records_.end(), [&](const Record& other) {
                return other.kind == kind && other.node == record.node;
            });
        };
        const auto inboxes = number_of(Shown::inbox), stocks = number_of(Shown::stock);
        if (inboxes != 1 || stocks != 1)
            return fmt::format("node {} has {} inbox and {} stock records, and not one each",
                               record.node, inboxes, stocks);
    }
    return {};
}

std::string View::take_entry(std::size_t i, std::uint64_t table_bytes) {
    const std::span<const std::byte> file = map_.bytes();
    ViewEntry entry;
    std::memcpy(&entry, file.data() + sizeof(ViewHeader) + i * sizeof(ViewEntry), sizeof entry);
    const RecordType type = type_of_kind(entry.kind);
    if (type.bytes == 0)
        return fmt::format("{} is no kind of record", static_cast<std::uint32_t>(entry.kind));
    if (entry.offset < table_bytes || entry.offset > file.size() ||
        entry.bytes > file.size() - entry.offset)
        return fmt::format("{} bytes at {} are not behind the table and inside the file",
                           entry.bytes, entry.offset);
    if (entry.offset % type.alignment != 0)
        return fmt::format("a {} at {} is not aligned", type.text, entry.offset);
    if (!has_size_of(entry.kind, type, entry.bytes))
        return fmt::format("a {} has {} bytes, and not {}", type.text, type.bytes, entry.bytes);
    records_.push_back({.kind = entry.kind,
                        .node = entry.node,
                        .worker = entry.worker,
                        .cpu = entry.cpu,
                        .at = file.data() + entry.offset,
                        .bytes = entry.bytes,
                        .name = printable(entry.name.view()),
                        .to = printable(entry.to.view())});
    return {};
}

// ---- Reading ----

const View::Record* View::record_of(Shown kind, int node) const {
    for (const Record& record : records_)
        if (record.kind == kind && record.node == node) return &record;
    return nullptr;
}

const View::Record* View::worker_at(int position) const {
    for (const Record& record : records_)
        if (record.kind == Shown::worker && record.worker == position) return &record;
    return nullptr;
}

bool View::is_running() const {
    return exists(path_) && platform::is_alive(process_);
}

void View::see_worker(const Record& record, std::uint64_t period, Snapshot& picture) const {
    const auto& figures = as<WorkerFigures>(record);
    const Worker choice{.name = record.name, .cpu = record.cpu, .roles = {}};
    WorkerSeen worker{.report = WorkerReport::of(choice, figures, clock_),
                      .node = record.node,
                      .thread_id = figures.thread_id.value(),
                      .late = is_late(figures, period)};
    worker.report.failed_kind = printable(worker.report.failed_kind);
    worker.asleep = worker.report.sleeps > worker.report.woken;
    worker.ended = worker.thread_id != 0 &&
                   !exists(fmt::format("/proc/{}/task/{}", process_.pid, worker.thread_id));
    if (worker.late && picture.grace) {
        picture.grace->late_readers.push_back(worker.report.name);
        picture.grace->late_thread_ids.push_back(worker.thread_id);
    }
    picture.workers.push_back(std::move(worker));
}

void View::see_line(const Record& record, Snapshot& picture) const {
    const auto& figures = as<LineFigures>(record);
    picture.lines.emplace_back().read(figures, clock_);
    picture.latencies.push_back(
        {.whole = LatencyCounts::of(figures.latency, clock_), .stages = {}});
}

void View::see_stage(const Record& record, Snapshot& picture) const {
    const auto& figures = as<StageFigures>(record);
    const Record* const worker = worker_at(record.worker);
    StageReport stage{.role = record.name,
                      .worker = worker != nullptr ? worker->name : "?",
                      .cpu = record.cpu,
                      .node = record.node};
    stage.read(figures, clock_);
    if (picture.lines.empty()) add_line(picture);
    picture.lines.back().stages.push_back(std::move(stage));
    picture.latencies.back().stages.push_back(LatencyCounts::of(figures.latency, clock_));
}

void View::see_link(const Record& record, Snapshot& picture) {
    LinkReport link{.from = record.name, .to = record.to};
    link.read(as<LinkFigures>(record));
    if (picture.lines.empty()) add_line(picture);
    picture.lines.back().links.push_back(std::move(link));
}

void View::see_inbox(const Record& record, Snapshot& picture) const {
    const Record* const beside = record_of(Shown::stock, record.node);
    if (beside == nullptr) return;  // refused before
    const auto& stock = as<StockWords>(*beside);
    const std::span<const InboxWords> words(&as<InboxWords>(record),
                                            record.bytes / sizeof(InboxWords));
    InboxSeen seen;
    for (std::size_t p = 0; p < words.size(); ++p) {
        // One at a time, so that what is said of each adds up to what is said of all.
        const InboxReport one = InboxReport::of(record.node, stock, words.subspan(p, 1));
        seen.priorities.push_back(
            {.accepted = one.accepted,
             .claimed = one.claimed,
             .waiting = one.waiting,
             .segments = stock.held[p].load(std::memory_order::relaxed)});  // a count alone
        if (p == 0) {
            seen.report = one;
            continue;
        }
        seen.report.accepted += one.accepted;
        seen.report.claimed += one.claimed;
        seen.report.waiting += one.waiting;
        seen.report.waiting_at.push_back(one.waiting);
    }
    seen.free = stock.free.load(std::memory_order::relaxed);  // a count alone
    picture.inboxes.push_back(std::move(seen));
}

void View::see_registry(const Record& record, Snapshot& picture) const {
    picture.has_registry = true;
    const std::uint64_t slots_bytes = record.bytes - overflow_line;
    for (std::uint64_t at = 0; at < slots_bytes; at += sizeof(RegistrySlot)) {
        Running work;
        const auto& slot = *reinterpret_cast<const RegistrySlot*>(record.at + at);
        if (!slot.read(work) || work.id == 0) continue;
        const Record* const worker =
            work.worker <= INT_MAX ? worker_at(static_cast<int>(work.worker)) : nullptr;
        picture.running.push_back(
            RunningReport::of(work, worker != nullptr ? worker->name : "?", record.node, clock_));
        picture.running.back().kind = printable(picture.running.back().kind);
    }
    const auto* overflows =
        reinterpret_cast<const sync::atomic<std::uint64_t>*>(record.at + slots_bytes);
    picture.registry_overflows += overflows->load(std::memory_order::relaxed);  // a count alone
}

Snapshot View::look() const {
    Snapshot picture;
    picture.board = board_;
    picture.pid = process_.pid;
    picture.program = printable(platform::program_of(process_.pid));
    const std::uint64_t now = platform::cycles();
    picture.uptime_ns = now > begun_cycles_ ? clock_.to_ns(now - begun_cycles_) : 0;
    // The period first, so that whoever is late is late for that one.
    std::uint64_t period = 0;
    for (const Record& record : records_)
        if (record.kind == Shown::grace)
            picture.grace = GraceReport::of(as<GraceFigures>(record), period, clock_);
    for (const Record& record : records_) {
        switch (record.kind) {
            case Shown::worker:
                see_worker(record, period, picture);
                break;
            case Shown::line:  // its links and stages come behind it
                see_line(record, picture);
                break;
            case Shown::stage:
                see_stage(record, picture);
                break;
            case Shown::link:
                see_link(record, picture);
                break;
            case Shown::inbox:
                see_inbox(record, picture);
                break;
            case Shown::registry:
                see_registry(record, picture);
                break;
            case Shown::grace:
            case Shown::stock:  // seen with its inboxes
            case Shown::none:
            case Shown::header:
                break;
        }
    }
    std::stable_sort(
        picture.running.begin(), picture.running.end(),
        [](const RunningReport& a, const RunningReport& b) { return a.age_ns > b.age_ns; });
    return picture;
}

// ---- The folder ----

std::vector<ViewFile> find_views() {
    std::vector<ViewFile> all;
    // Claims first: whoever makes a file has claimed before.
    const std::vector<platform::ClaimFacts> claims = platform::read_claims();
    for (const std::string& path : platform::shared_files(".view")) {
        ViewFile file = inspect(path, claims);
        if (file.state == ViewFile::State::living || exists(path)) all.push_back(std::move(file));
    }
    return all;
}

Status remove_stale(const std::string& path) {
    int folder = -1;
    if (Status s = platform::open_shared_folder(folder); !s.ok()) return s;
    int locked = 0;
    do locked = flock(folder, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    Status s;
    if (locked != 0)
        s = {Cause::view_refused,
             fmt::format("{}: could not be locked: {}; remove the file by hand", path,
                         platform::error_text(errno))};
    else if (inspect(path, platform::read_claims()).state != ViewFile::State::stale)
        s = {Cause::view_refused, path + ": is in use again, and was left alone"};
    else if (unlink(path.c_str()) != 0 && errno != ENOENT)
        s = {Cause::view_refused, fmt::format("{}: could not be removed: {}; ask as its owner",
                                              path, platform::error_text(errno))};
    close(folder);
    return s;
}

}  // namespace stator::top
