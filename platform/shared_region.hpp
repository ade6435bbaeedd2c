// platform/shared_region.hpp - a file of shared memory: one process lays it over pages of its own,
// others map it read-only.
//
// The files lie in one folder, /dev/shm/stator, or where STATOR_SHM says. All calls allocate; they
// are made while a scheduler starts or stops, or by programs that look on.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <stator/platform/node_memory.hpp>
#include <stator/platform/status.hpp>

namespace stator::platform {

// The folder of regions and claims: STATOR_SHM where that is set, else /dev/shm/stator.
[[nodiscard]] std::string shared_folder();

// Opens the folder, and makes it first where it is missing: writable for everybody, and everybody
// removes only what is their own (mode 01777). `fd` is the caller's to close. Refused as
// view_refused with the remedy.
Status open_shared_folder(int& fd);

// The files in the folder whose names end in `suffix`, as full paths, sorted; none where the folder
// is missing.
[[nodiscard]] std::vector<std::string> shared_files(std::string_view suffix);

// The writer's side. One thread at a time.
class SharedRegion {
public:
    SharedRegion() = default;
    ~SharedRegion() { remove(); }
    SharedRegion(const SharedRegion&) = delete;
    SharedRegion& operator=(const SharedRegion&) = delete;

    // Makes the file `name` of `bytes` zero bytes (whole pages), with `permissions` whatever the
    // umask is. All of its memory is taken now: a full /dev/shm is an error here and not a SIGBUS
    // later. Refused as view_refused; then there is no file. Source: shm_open(3),
    // posix_fallocate(3).
    Status create(const std::string& name, std::size_t bytes, unsigned permissions);

    // Puts the file's bytes from `offset` on under `range` (both whole pages); what was there is
    // lost. Undone by put_on_ordinary_pages. It is mapped elsewhere first and moved over the range:
    // a failed mapping in place would leave a hole in it. Source: mremap(2), MREMAP_FIXED.
    Status lay_over(Range range, std::size_t offset) const;

    // Gives the pages of these bytes back and takes zeros instead, by the memory policy that a
    // range over them has now: `create` takes pages of the node where its thread runs, and mbind
    // does not move what no mapping has touched. Whole pages; nothing where the file is not in a
    // tmpfs. Source: fallocate(2), FALLOC_FL_PUNCH_HOLE.
    Status take_anew(std::size_t offset, std::size_t bytes) const;

    // Removes the file's name; pages that it was laid over keep their memory. Not in a child that
    // was forked after `create`.
    void remove();

    // Where the file is, or "" where there is none.
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
    int fd_ = -1;
    int owner_ = 0;  // the process that made it
    std::size_t bytes_ = 0;
};

// A reader's side: the whole file, which cannot be written through it.
class RegionMap {
public:
    RegionMap() = default;
    ~RegionMap();
    RegionMap(RegionMap&& other) noexcept;
    RegionMap& operator=(RegionMap&& other) noexcept;
    RegionMap(const RegionMap&) = delete;
    RegionMap& operator=(const RegionMap&) = delete;

    // Refused as view_refused where it is no regular file of at least one page, or not readable.
    Status open(const std::string& path);
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
    std::span<const std::byte> bytes_;
};

}  // namespace stator::platform
