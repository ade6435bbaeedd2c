// platform/status.hpp - the answer of a call that can be refused: a cause, and a text with the
// remedy.
//
// Starting up can fail in many ways that the user can mend; each has one cause here and a text that
// names the cpu, node, file and command. Nothing on a hot path returns a Status: it may allocate.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace stator::platform {

enum class Cause : std::uint8_t {
    none,             // it worked
    machine_unknown,  // what this machine is could not be read, or not from the kernel
    machine_differs,  // this machine is not the one that the board describes
    cpu_refused,      // a worker could not be pinned to its cpu
    thread_refused,   // a worker could not be created
    scheduling_refused,
    memory_short,      // a node has not enough free memory
    memory_refused,    // the kernel refused to bind, populate or advise
    memory_elsewhere,  // a page is not on its node
    lock_refused,
    huge_pages_refused,
    already_started,
    cpu_claimed,   // another scheduler holds one of the board's cpus
    view_refused,  // the memory that others read could not be made
};

class [[nodiscard]] Status {
public:
    Status() = default;
    Status(Cause cause, std::string text) : cause_(cause), text_(std::move(text)) {}

    [[nodiscard]] bool ok() const { return cause_ == Cause::none; }
    [[nodiscard]] Cause cause() const { return cause_; }
    // What is wrong and what to do about it: one line, or one per difference; "" when ok.
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    Cause cause_ = Cause::none;
    std::string text_;
};

// The system's own words for an errno that nobody foresaw: "ENOSPC, No space left on device".
[[nodiscard]] std::string error_text(int error);

}  // namespace stator::platform
