// core/launch.cpp - starting and stopping: verify, hold memory, run, and undo.
#include <stator/core/launch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include <stator/core/machine_check.hpp>
#include <stator/core/plan.hpp>
#include <stator/platform/machine.hpp>

namespace stator {
namespace {

// Constant-initialised, so that lists made before main find it ready.
constinit const ArenaList* first_list = nullptr;

// A warning is printed once a process, however often schedulers start and stop.
void print_once(const std::string& text) {
    static std::vector<std::string> printed;
    if (std::find(printed.begin(), printed.end(), text) != printed.end()) return;
    printed.push_back(text);
    std::fprintf(stderr, "stator: warning: %s\n", text.c_str());
}

Range guard_below(const Range& stack) {
    return {stack.at - platform::page_bytes_max, platform::page_bytes_max};
}

// Workers of a node among the first `end` of the board.
std::size_t workers_before(const Board& b, std::size_t end, int node) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < end; ++i) n += b.node_of_worker(static_cast<int>(i)) == node;
    return n;
}

}  // namespace

ArenaList::ArenaList(std::span<const NodeArena> arenas) : arenas_(arenas), next_(first_list) {
    first_list = this;
}

std::vector<Range> ArenaList::all() {
    std::vector<Range> ranges;
    for (const ArenaList* list = first_list; list != nullptr; list = list->next_)
        for (const NodeArena& arena : list->arenas_) {
            ranges.push_back(arena.objects);
            ranges.push_back(arena.view);
            ranges.push_back(arena.stacks);
        }
    return ranges;
}

Launch::Launch(const Board& b, std::span<const NodeArena> arenas)
    : board_(b),
      arenas_(arenas),
      threads_(std::make_unique<platform::PinnedThread[]>(b.workers.size())) {}

Launch::~Launch() {
    join();
    release();
}

int Launch::id_of(const NodeArena& arena) const {
    return board_.machine.nodes[static_cast<std::size_t>(arena.node)].id;
}

void Launch::warn(const std::string& text) {
    if (std::find(warnings_.begin(), warnings_.end(), text) != warnings_.end()) return;
    warnings_.push_back(text);
    print_once(text);
}

Status Launch::refused(Refusal policy, Status status) {
    if (policy == Refusal::fatal) return status;
    warn(status.text());
    return {};
}

Status Launch::hold() {
    warnings_.clear();
    platform::MachineFacts facts;
    if (Status s = platform::read_machine(facts); !s.ok()) return s;
    std::vector<std::string> let_pass;
    if (Status s = verify(board_, facts, let_pass); !s.ok()) return s;
    for (const std::string& text : let_pass) warn(text);
    holding_ = true;
    Status s = claim_cpus();
    if (s.ok()) s = make_view();
    for (const NodeArena& arena : arenas_)
        if (s.ok()) s = hold_node(arena);
    if (!s.ok()) release();
    return s;
}

Status Launch::claim_cpus() {
    static std::atomic<unsigned> views{0};
    view_name_ = std::string(board_.name) + '.' + std::to_string(platform::this_process().pid) +
                 '.' + std::to_string(views.fetch_add(1, std::memory_order::relaxed)) +  // a number
                 ".view";
    CpuSet cpus;
    for (const Worker& worker : board_.workers) cpus.add(worker.cpu);
    Status s = claim_.take(cpus, "board " + std::string(board_.name), view_name_);
    if (s.ok() || s.cause() == Cause::cpu_claimed) return s;
    return refused(board_.view.refused, std::move(s));
}

Status Launch::make_view() {
    std::size_t bytes = 0;
    for (const NodeArena& arena : arenas_) bytes += arena.view.bytes;
    if (!board_.view.shared || bytes == 0) return {};
    Status s = view_.create(view_name_, bytes, board_.view.permissions);
    view_laid_ = s.ok();
    return s.ok() ? s : refused(board_.view.refused, std::move(s));
}

Status Launch::hold_node(const NodeArena& arena) {
    const int id = id_of(arena);
    const std::size_t bytes = arena.objects.bytes + arena.view.bytes + arena.stacks.bytes;
    if (bytes == 0) return {};
    if (Status s = platform::enough_memory(id, bytes); !s.ok()) return s;
    if (Status s = hold_objects(arena, id); !s.ok()) return s;
    if (Status s = hold_view(arena, id); !s.ok()) return s;
    if (Status s = hold_stacks(arena, id); !s.ok()) return s;
    return verify_residency(arena, id);
}

Status Launch::bind(Range range, int id) {
    Status s = platform::bind_to_node(range, id);
    // With one node there is no other place for a page; containers often refuse mbind.
    const bool only_node = board_.machine.nodes.size() == 1;
    return s.ok() ? s : refused(only_node ? Refusal::warn : Refusal::fatal, std::move(s));
}

Status Launch::lock_or_warn(Range range) {
    if (!board_.memory.lock || range.bytes == 0) return {};
    if (Status s = platform::lock(range); !s.ok())
        return refused(board_.memory.lock_refused, std::move(s));
    locked_.push_back(range);
    return {};
}

// Nobody has written there, but its neighbour may lie in a huge page that reaches into it, and the
// kernel cannot always move a part of one.
Status Launch::hold_objects(const NodeArena& arena, int id) {
    const Range range = arena.objects;
    if (range.bytes == 0) return {};
    bool huge = board_.memory.huge_pages == HugePages::on;
    if (huge) {
        Status s = platform::put_on_huge_pages(range, id);
        huge = s.ok();
        if (huge)
            huge_.push_back(range);
        else if (s = refused(board_.memory.huge_pages_refused, std::move(s)); !s.ok())
            return s;
    }
    if (!huge) {
        platform::empty(range);
        if (Status s = bind(range, id); !s.ok()) return s;
        if (Status s = platform::populate(range, id); !s.ok()) return s;
    }
    if (Status s = platform::keep_from_children(range); !s.ok()) return s;
    return lock_or_warn(range);
}

Status Launch::hold_view(const NodeArena& arena, int id) {
    const Range range = arena.view;
    if (range.bytes == 0) return {};
    if (view_laid_)
        if (Status s = view_.lay_over(range, arena.view_offset); !s.ok()) return s;
    if (Status s = bind(range, id); !s.ok()) return s;
    if (view_laid_)  // it has pages of the node where it was made
        if (Status s = view_.take_anew(arena.view_offset, range.bytes); !s.ok()) return s;
    if (Status s = platform::populate(range, id); !s.ok()) return s;
    if (Status s = platform::keep_from_children(range); !s.ok()) return s;
    return lock_or_warn(range);
}

Status Launch::hold_stacks(const NodeArena& arena, int id) {
    const Range range = arena.stacks;
    if (range.bytes == 0) return {};
    platform::empty(range);
    if (Status s = bind(range, id); !s.ok()) return s;
    if (Status s = platform::populate(range, id); !s.ok()) return s;
    // Children inherit stacks: in a child, fork(3) of glibc walks the list of all threads, whose
    // nodes lie at the upper ends of their stacks, and would find nothing there.
    for (const Range& stack : stacks_of(arena)) {
        if (Status s = platform::guard(guard_below(stack)); !s.ok()) return s;
        if (Status s = lock_or_warn(stack); !s.ok()) return s;
    }
    return {};
}

Status Launch::verify_residency(const NodeArena& arena, int id) {
    const ArenaResidency all = ask_where(arena);
    for (const Residency& r : {all.objects, all.view, all.stacks}) {
        if (!r.known) {
            const bool only_node = board_.machine.nodes.size() == 1;
            Status s{Cause::memory_elsewhere,
                     "node " + std::to_string(id) + ": the kernel does not say where pages are (" +
                         r.why_unknown + "); allow move_pages in the container's seccomp profile"};
            s = refused(only_node ? Refusal::warn : Refusal::fatal, std::move(s));
            if (!s.ok()) return s;
        } else if (r.elsewhere > 0) {
            return {Cause::memory_elsewhere,
                    "node " + std::to_string(id) + ": " + std::to_string(r.elsewhere) + " of " +
                        std::to_string(r.pages()) + " pages are elsewhere (page " +
                        std::to_string(r.first_wrong_page) + " is on node " +
                        std::to_string(r.first_wrong_node) +
                        "); free memory on the node and start again"};
        }
    }
    return {};
}

Range Launch::stack_of(std::size_t worker) const {
    const int node = board_.node_of_worker(static_cast<int>(worker));
    return stack_at(node, workers_before(board_, worker, node));
}

Range Launch::stack_of_helper(int node) const {
    return stack_at(node, workers_before(board_, board_.workers.size(), node));
}

Range Launch::stack_at(int node, std::size_t position) const {
    for (const NodeArena& arena : arenas_)
        if (arena.node == node) return stacks_of(arena)[position];
    return {};
}

Status Launch::start_helper() {
    if (helper_.body == nullptr) return {};
    if (!helper_.prepare(helper_.self))
        return {Cause::thread_refused,
                "the grace thread: no file descriptor left; raise `ulimit -n`"};
    const Range stack = stack_of_helper(helper_.node);
    return helper_thread_.start({.name = "stator-grace",
                                 .cpus = board_.housekeeping,
                                 .stack = stack.at,
                                 .stack_bytes = stack.bytes},
                                helper_.body, helper_.self);
}

Status Launch::start_one(std::size_t position, PinnedWorker& worker) {
    const Worker& choice = board_.workers[position];
    if (!worker.prepare())
        return {Cause::thread_refused, "worker '" + std::string(choice.name) +
                                           "': no file descriptor left; raise `ulimit -n`"};
    const Range stack = stack_of(position);
    CpuSet cpus;
    cpus.add(choice.cpu);
    platform::ThreadPlace place{
        .name = choice.name,
        .cpus = cpus,
        .fifo_priority = choice.scheduling == Scheduling::fifo ? choice.priority : 0,
        .stack = stack.at,
        .stack_bytes = stack.bytes};
    Status s = threads_[position].start(place, PinnedWorker::enter, &worker);
    if (s.ok() || s.cause() != Cause::scheduling_refused) return s;
    if (s = refused(board_.scheduling_refused, std::move(s)); !s.ok()) return s;
    place.fifo_priority = 0;
    return threads_[position].start(place, PinnedWorker::enter, &worker);
}

Status Launch::run(PinnedWorker* const* workers, const HelperThread& helper) {
    helper_ = helper;
    if (Status s = lock_program(); !s.ok()) return s;  // before them, so that they never fault
    if (Status s = start_helper(); !s.ok()) return s;
    for (std::size_t i = 0; i < board_.workers.size(); ++i)
        if (Status s = start_one(i, *workers[i]); !s.ok()) return s;
    return wait_until_ready(workers);
}

Status Launch::wait_until_ready(PinnedWorker* const* workers) {
    for (std::size_t i = 0; i < board_.workers.size(); ++i) {
        while (!workers[i]->is_ready()) sync::yield();
        const Worker& choice = board_.workers[i];
        if (workers[i]->cpu_seen() == choice.cpu) continue;
        return {Cause::cpu_refused, "worker '" + std::string(choice.name) + "' runs on cpu " +
                                        std::to_string(workers[i]->cpu_seen()) +
                                        " instead of cpu " + std::to_string(choice.cpu) +
                                        "; something moved it, see `taskset -p`"};
    }
    return {};
}

Status Launch::lock_program() {
    if (!board_.memory.lock) return {};
    if (Status s = platform::lock_program(ArenaList::all(), locked_); !s.ok())
        return refused(board_.memory.lock_refused, std::move(s));
    return {};
}

void Launch::join() {
    for (std::size_t i = 0; i < board_.workers.size(); ++i) threads_[i].join();
    if (helper_.body != nullptr) helper_.stop(helper_.self);
    helper_thread_.join();
    helper_ = {};
    view_.remove();
    claim_.give_back();
}

void Launch::release() {
    if (!holding_) return;
    view_.remove();
    claim_.give_back();
    for (const Range& range : locked_) platform::unlock(range);
    locked_.clear();
    for (const NodeArena& arena : arenas_) {
        for (const Range& stack : stacks_of(arena)) platform::unguard(guard_below(stack));
        for (const Range& range : {arena.objects, arena.view, arena.stacks}) {
            if (range.bytes == 0) continue;
            const bool huge = std::any_of(huge_.begin(), huge_.end(),
                                          [&](const Range& h) { return h.at == range.at; });
            if (huge || (view_laid_ && range.at == arena.view.at))
                platform::put_on_ordinary_pages(range);
            else
                platform::empty(range);
            platform::unbind(range);
        }
    }
    for (const NodeArena& arena : arenas_)
        for (const Range& range : {arena.objects, arena.view})
            if (range.bytes > 0) platform::share_with_children(range);
    huge_.clear();
    view_laid_ = false;
    holding_ = false;
}

std::vector<Range> Launch::stacks_of(const NodeArena& arena) const {
    std::vector<Range> all;
    const std::size_t stride = stack_stride(board_), guard = platform::page_bytes_max;
    for (std::size_t at = 0; at < arena.stacks.bytes; at += stride)
        all.push_back({arena.stacks.at + at + guard, stride - guard});
    return all;
}

ArenaResidency Launch::ask_where(const NodeArena& arena) const {
    const int id = id_of(arena);
    ArenaResidency r{.node_id = id,
                     .objects = platform::residency(arena.objects, id),
                     .view = platform::residency(arena.view, id),
                     .stacks = {}};
    // Some kernels say of guard pages that they are nowhere: they are not asked about.
    for (const Range& stack : stacks_of(arena)) r.stacks.add(platform::residency(stack, id));
    return r;
}

std::vector<ArenaResidency> Launch::ask_where() const {
    std::vector<ArenaResidency> all;
    for (const NodeArena& arena : arenas_) all.push_back(ask_where(arena));
    return all;
}

}  // namespace stator
