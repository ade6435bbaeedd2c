// tools/top/view_reader.hpp - the scheduler of another process, read through its view file.
//
// The files lie in platform::shared_folder() and are called BOARD.PID.N.view. Anybody may have
// written them, so nothing in one is followed before it has been checked: magic, version, sizes,
// and that each record lies inside the file, is aligned, has the size of its type, shares no byte
// with another one, and has the records beside it that it is read with. What was checked was copied
// first, so that it is what is used. Texts keep their printable ASCII characters; others become
// `?`, as they go to a terminal.
//
// Whoever owns the file can still cut it short while we look; then the kernel ends us (SIGBUS).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <stator/core/plan.hpp>
#include <stator/core/report.hpp>
#include <stator/platform/claim.hpp>
#include <stator/platform/clock.hpp>
#include <stator/platform/shared_region.hpp>
#include <stator/platform/status.hpp>

#include "top/latency_counts.hpp"

namespace stator::top {

struct WorkerSeen {
    WorkerReport report;
    int node = -1;                // the kernel's number
    std::uint64_t thread_id = 0;  // the kernel's
    bool late = false;            // the grace period that goes on waits for it
    bool asleep = false;
    bool ended = false;  // its thread is gone
};

// One priority of a node's inbox. accepted == claimed + waiting.
struct PrioritySeen {
    std::uint64_t accepted = 0, claimed = 0, waiting = 0;  // tasks by value
    std::uint64_t segments = 0;                            // that it holds, granted or open
};

struct InboxSeen {
    InboxReport report;
    std::vector<PrioritySeen> priorities;  // of the same moment as the report; one or more
    std::uint64_t free = 0;                // segments in the reserve, or granted and not open

    // Segments that hold tasks: an estimate.
    [[nodiscard]] std::uint64_t open() const {
        const std::uint64_t rest = report.segments > free ? report.segments - free : 0;
        return rest > report.cooling ? rest - report.cooling : 0;
    }
};

// How long a pipeline and its stages took, beside the LineReport at the same place.
struct LineLatencies {
    LatencyCounts whole;
    std::vector<LatencyCounts> stages;
};

// A picture of one scheduler.
struct Snapshot {
    std::string board, program;
    int pid = 0;
    std::uint64_t uptime_ns = 0;
    std::vector<WorkerSeen> workers;  // in the order of the board
    std::vector<LineReport> lines;
    std::vector<LineLatencies> latencies;  // of the lines
    std::vector<InboxSeen> inboxes;
    std::optional<GraceReport> grace;    // nothing: no worker takes tasks
    std::vector<RunningReport> running;  // the oldest first
    bool has_registry = false;
    std::uint64_t registry_overflows = 0;
};

// One view file that has been mapped and checked.
class View {
public:
    // Takes the file that `map` holds; `path` is for messages. Refused as view_refused, with what
    // is wrong and what to do; then the view is not to be used.
    platform::Status take(platform::RegionMap map, const std::string& path);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::string& board() const { return board_; }
    [[nodiscard]] platform::ProcessId process() const { return process_; }
    // A picture of now. Estimates where the scheduler runs, each true at some time in the call.
    [[nodiscard]] Snapshot look() const;
    // Whether the scheduler still runs: its process lives, and the file is still there.
    [[nodiscard]] bool is_running() const;

private:
    struct Record {
        Shown kind = Shown::none;
        int node = -1, worker = -1, cpu = -1;
        const std::byte* at = nullptr;
        std::uint64_t bytes = 0;
        std::string name, to;
    };

    template <typename T>
    [[nodiscard]] static const T& as(const Record& record) {
        return *reinterpret_cast<const T*>(record.at);
    }
    // What is wrong with the file, or "".
    [[nodiscard]] std::string take_header();
    [[nodiscard]] std::string take_entry(std::size_t i, std::uint64_t table_bytes);
    [[nodiscard]] bool records_overlap() const;
    // A node whose inboxes and segments are not one record each, as text, or "".
    [[nodiscard]] std::string odd_node() const;
    [[nodiscard]] const Record* record_of(Shown kind, int node) const;
    [[nodiscard]] const Record* worker_at(int position) const;
    void see_worker(const Record& record, std::uint64_t period, Snapshot& picture) const;
    void see_line(const Record& record, Snapshot& picture) const;
    void see_stage(const Record& record, Snapshot& picture) const;
    static void see_link(const Record& record, Snapshot& picture);
    void see_inbox(const Record& record, Snapshot& picture) const;
    void see_registry(const Record& record, Snapshot& picture) const;

    platform::RegionMap map_;
    std::string path_, board_;
    platform::ProcessId process_;
    platform::Clock clock_;
    std::uint64_t begun_cycles_ = 0;
    std::uint64_t entries_ = 0;
    std::vector<Record> records_;
};

// What a file in the folder is.
struct ViewFile {
    enum class State {
        living,    // `view` can be read
        starting,  // its scheduler has not started yet; `why` says so
        stale,     // its process has ended; it is safe to remove
        refused,   // `why` says what is wrong and what to do
    };
    State state = State::refused;
    std::string path;
    platform::ProcessId process;  // 0 where nothing tells
    std::string why;
    View view;
};

[[nodiscard]] std::string_view file_name(std::string_view path);

// All view files, by path. Allocates; any thread.
[[nodiscard]] std::vector<ViewFile> find_views();

// Removes the file if it is still stale, under the lock that new claims take, so that it is never
// the file of a process that has just been given the same number.
[[nodiscard]] platform::Status remove_stale(const std::string& path);

}  // namespace stator::top
