// tools/top/choose.cpp - running schedulers are chosen, and what is wrong with others is said.
#include "top/choose.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include <stator/platform/claim.hpp>
#include <stator/platform/shared_region.hpp>
#include <stator/platform/status.hpp>

namespace stator::top {
namespace {

// Says what cannot be shown, and why. What concerns other processes than `pid` is left out.
void say_troubles(const std::vector<ViewFile>& files, int pid, std::string_view command) {
    for (const ViewFile& file : files) {
        if (pid != 0 && file.process.pid != 0 && file.process.pid != pid) continue;
        if (file.state == ViewFile::State::stale)
            fmt::print(stderr,
                       "stale: {}, process {} has ended; remove it with  stator top "
                       "--remove-stale\n",
                       file.path, file.process.pid);
        else if (file.state != ViewFile::State::living)
            fmt::print(stderr, "{}: {}\n", command, file.why);
    }
}

// Schedulers that run and have no file that shows them.
void say_hidden(const std::vector<ViewFile>& files, int pid, std::string_view command) {
    for (const platform::ClaimFacts& claim : platform::read_claims()) {
        const std::string path = platform::shared_folder() + '/' + claim.region;
        const bool shown = std::any_of(files.begin(), files.end(),
                                       [&](const ViewFile& file) { return file.path == path; });
        if (shown || !claim.alive || (pid != 0 && claim.process.pid != pid)) continue;
        fmt::print(stderr,
                   "{}: '{}' of process {} ({}) runs on cpus {} and shows nothing; set "
                   "view.shared = true on its board, and read what its start has warned of\n",
                   command, claim.holder, claim.process.pid,
                   platform::program_of(claim.process.pid), claim.cpus.text());
    }
}

void say_none(const std::vector<ViewFile>& files, int pid, std::string_view command) {
    say_hidden(files, pid, command);
    const std::string folder = platform::shared_folder();
    if (pid == 0)
        fmt::print(stderr,
                   "{}: no scheduler runs that can be read in {}; start one, or set STATOR_SHM as "
                   "its process has it\n",
                   command, folder);
    else
        fmt::print(stderr,
                   "{}: no scheduler runs in process {} that can be read in {};  {}  without "
                   "--pid finds those that do\n",
                   command, pid, folder, command);
}

}  // namespace

std::vector<View> choose_views(int pid, std::string_view command) {
    std::vector<ViewFile> files = find_views();
    say_troubles(files, pid, command);
    std::vector<View> views;
    for (ViewFile& file : files)
        if (file.state == ViewFile::State::living && (pid == 0 || file.process.pid == pid))
            views.push_back(std::move(file.view));
    if (views.empty()) say_none(files, pid, command);
    return views;
}

bool write_out(const std::string& text, std::string_view command) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
        return true;
    fmt::print(stderr,
               "{}: standard output could not be written: {}; is the disk full, or the reader "
               "gone?\n",
               command, platform::error_text(errno));
    return false;
}

}  // namespace stator::top
