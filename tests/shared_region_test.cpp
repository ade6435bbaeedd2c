// tests/shared_region_test.cpp - shared memory files: laid over pages, read by others, refused.
#include <stator/platform/shared_region.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stator/platform/cpu.hpp>

namespace stator::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page = page_bytes_max;

// Static pages, as an arena has them: a region is laid over the two in the middle.
alignas(page) std::array<std::byte, 4 * page> pages;
Range middle() {
    return {.at = pages.data() + page, .bytes = 2 * page};
}

unsigned mode_of(const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777u : ~0u;
}

// The access of the mapping that `at` is in, as in /proc/self/maps: "r--s".
std::string access_of(const void* at) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::size_t used = 0;
        const std::uintptr_t begin = std::stoull(line, &used, 16);
        const std::uintptr_t end = std::stoull(line.substr(used + 1), nullptr, 16);
        if (begin <= address && address < end) return line.substr(line.find(' ') + 1, 4);
    }
    return "";
}

bool holds_files(const std::string& folder) {
    return fs::exists(folder) && !fs::is_empty(folder);
}

bool is_mapped(const std::string& path) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
        if (line.find(path) != std::string::npos) return true;
    return false;
}

// What `work` says in a forked child, which then ends without destructors.
std::string told_by_child(const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return "no pipe";
    const pid_t child = fork();
    if (child == 0) {
        const std::string text = work();
        _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0
                                                                                            : 1);
    }
    close(ends[1]);
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = read(ends[0], part.data(), part.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(n));
    close(ends[0]);
    int how = 0;
    waitpid(child, &how, 0);
    return how == 0 ? text : "child ended with " + std::to_string(how) + ": " + text;
}

// Becomes a user to whom nothing here belongs.
bool become_nobody() {
    return setgid(65534) == 0 && setuid(65534) == 0;
}

void expect_refused(const Status& s, const std::string& part, const std::string& remedy) {
    EXPECT_EQ(s.cause(), Cause::view_refused) << s.text();
    EXPECT_NE(s.text().find(part), std::string::npos) << s.text() << "\nlacks: " << part;
    EXPECT_NE(s.text().find("; "), std::string::npos) << "no remedy: " << s.text();
    EXPECT_NE(s.text().find(remedy), std::string::npos) << s.text() << "\nlacks: " << remedy;
}

class Region : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "stator-region-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        root = name;
        folder = root + "/shm";  // not there yet
        ASSERT_EQ(chmod(root.c_str(), 0755), 0);
        setenv("STATOR_SHM", folder.c_str(), 1);
        pages.fill(std::byte{7});
    }
    void TearDown() override {
        put_on_ordinary_pages(middle());
        unsetenv("STATOR_SHM");
        fs::remove_all(root);
    }
    std::string root, folder;
};

TEST_F(Region, the_folder_is_the_one_that_the_environment_names) {
    EXPECT_EQ(shared_folder(), folder);
    setenv("STATOR_SHM", "", 1);
    EXPECT_EQ(shared_folder(), "/dev/shm/stator");
    unsetenv("STATOR_SHM");
    EXPECT_EQ(shared_folder(), "/dev/shm/stator");
}

TEST_F(Region, a_missing_folder_is_made_for_everybody_whatever_the_umask_is) {
    const mode_t before = umask(077);
    int fd = -1;
    const Status s = open_shared_folder(fd);
    umask(before);
    ASSERT_TRUE(s.ok()) << s.text();
    EXPECT_EQ(mode_of(folder), 01777u);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    close(fd);
}

TEST_F(Region, the_mode_of_a_folder_that_is_there_is_left_alone) {
    fs::create_directory(folder);
    ASSERT_EQ(chmod(folder.c_str(), 0750), 0);
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", page, 0600).ok());
    EXPECT_EQ(mode_of(folder), 0750u);
}

TEST_F(Region, a_folder_that_is_a_file_is_refused) {
    std::ofstream(folder) << "not a folder";
    int fd = -1;
    expect_refused(open_shared_folder(fd), folder, "STATOR_SHM");
    EXPECT_EQ(fd, -1);
    SharedRegion region;
    expect_refused(region.create("a.view", page, 0600), folder, "STATOR_SHM");
    EXPECT_EQ(region.path(), "");
    EXPECT_EQ(fs::file_size(folder), 12u) << "the file was touched";
}

TEST_F(Region, a_folder_whose_parent_is_missing_is_refused) {
    setenv("STATOR_SHM", (root + "/nowhere/shm").c_str(), 1);
    int fd = -1;
    expect_refused(open_shared_folder(fd), "ENOENT", "STATOR_SHM");
    EXPECT_EQ(fd, -1);
}

TEST_F(Region, a_folder_that_may_not_be_written_to_is_refused) {
    fs::create_directory(folder);
    ASSERT_EQ(chmod(folder.c_str(), 0555), 0);
    const std::string told = told_by_child([&]() -> std::string {
        if (geteuid() == 0 && !become_nobody()) return "skip";
        SharedRegion region;
        const Status s = region.create("a.view", page, 0600);
        return s.cause() == Cause::view_refused ? s.text() : "not refused: " + s.text();
    });
    if (told == "skip") GTEST_SKIP() << "cannot become another user";
    EXPECT_EQ(told.find(folder + ": cannot be written to; run  chmod 1777"), 0u) << told;
    EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(Region, a_region_has_its_size_and_permissions_whatever_the_umask_is) {
    const mode_t before = umask(077);
    SharedRegion region;
    const Status s = region.create("a.view", 3 * page, 0644);
    umask(before);
    ASSERT_TRUE(s.ok()) << s.text();
    EXPECT_EQ(region.path(), folder + "/a.view");
    EXPECT_EQ(mode_of(region.path()), 0644u);
    struct stat info {};
    ASSERT_EQ(stat(region.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_size, static_cast<off_t>(3 * page));
    EXPECT_GE(info.st_blocks * 512, static_cast<blkcnt_t>(3 * page)) << "not allocated";
}

TEST_F(Region, a_name_that_is_taken_is_refused_and_left_alone) {
    fs::create_directory(folder);
    std::ofstream(folder + "/a.view") << "theirs";
    {
        SharedRegion region;
        expect_refused(region.create("a.view", page, 0600), "EEXIST", "rm " + folder + "/a.view");
        EXPECT_EQ(region.path(), "");
    }
    EXPECT_EQ(fs::file_size(folder + "/a.view"), 6u);
}

TEST_F(Region, a_link_in_the_place_of_a_region_is_not_followed) {
    fs::create_directory(folder);
    fs::create_symlink(root + "/target", folder + "/a.view");
    SharedRegion region;
    expect_refused(region.create("a.view", page, 0600), folder + "/a.view", "rm ");
    EXPECT_FALSE(fs::exists(root + "/target"));
}

TEST_F(Region, a_full_folder_is_an_error_and_leaves_no_file) {
    fs::create_directory(folder);
    const std::string told = told_by_child([&]() -> std::string {
        const bool root_here = geteuid() == 0;
        if (unshare(CLONE_NEWNS | (root_here ? 0 : CLONE_NEWUSER)) != 0 ||
            mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("none", folder.c_str(), "tmpfs", 0, "size=64k,mode=1777") != 0)
            return "skip: a tmpfs of our own cannot be mounted: " + error_text(errno);
        SharedRegion region;
        const Status s = region.create("a.view", 1u << 20, 0600);
        if (s.cause() != Cause::view_refused) return "not refused: " + s.text();
        if (!region.path().empty()) return "a path without a file: " + region.path();
        if (holds_files(folder)) return "a file is left";
        if (!region.create("a.view", 48u << 10, 0600).ok()) return "its room is not given back";
        return s.text();
    });
    if (told.rfind("skip", 0) == 0) GTEST_SKIP() << told;
    EXPECT_NE(told.find("1048576 bytes"), std::string::npos) << told;
    EXPECT_NE(told.find("ENOSPC"), std::string::npos) << told;
    EXPECT_NE(told.find("remount,size="), std::string::npos) << told;
}

// The same promise where nothing can be mounted: the kernel refuses by the limit of a file's size.
TEST_F(Region, a_region_that_cannot_be_allocated_leaves_no_file) {
    const std::string told = told_by_child([&]() -> std::string {
        const rlimit limit{.rlim_cur = page, .rlim_max = page};
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return "no limit";
        SharedRegion region;
        const Status s = region.create("a.view", 16 * page, 0600);
        if (s.cause() != Cause::view_refused) return "not refused: " + s.text();
        return !holds_files(folder) && region.path().empty() ? s.text() : "a file is left";
    });
    EXPECT_NE(told.find("bytes of shared memory were refused: EFBIG"), std::string::npos) << told;
}

TEST_F(Region, a_region_of_no_bytes_is_refused) {
    SharedRegion region;
    EXPECT_EQ(region.create("a.view", 0, 0600).cause(), Cause::view_refused);
    EXPECT_FALSE(holds_files(folder));
}

TEST_F(Region, a_reader_sees_what_the_writer_writes_into_its_own_pages) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", 3 * page, 0600).ok());
    ASSERT_TRUE(region.lay_over(middle(), page).ok());
    RegionMap map;
    ASSERT_TRUE(map.open(region.path()).ok());
    ASSERT_EQ(map.bytes().size(), 3 * page);
    EXPECT_EQ(middle().at[0], std::byte{0}) << "pages of a new region are zeros";
    middle().at[5] = std::byte{42};
    middle().at[2 * page - 1] = std::byte{43};
    EXPECT_EQ(map.bytes()[page + 5], std::byte{42});
    EXPECT_EQ(map.bytes()[3 * page - 1], std::byte{43});
    EXPECT_EQ(map.bytes()[5], std::byte{0}) << "before the offset";
}

TEST_F(Region, another_process_sees_what_the_writer_writes_later) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", 2 * page, 0600).ok());
    ASSERT_TRUE(region.lay_over(middle(), 0).ok());
    ASSERT_TRUE(keep_from_children(middle()).ok());  // so that it must go through the file
    std::memcpy(middle().at, "seen", 5);
    EXPECT_EQ(told_by_child([&]() -> std::string {
                  RegionMap map;
                  if (Status s = map.open(region.path()); !s.ok()) return s.text();
                  return reinterpret_cast<const char*>(map.bytes().data());
              }),
              "seen");
    share_with_children(middle());
}

TEST_F(Region, pages_beside_the_range_are_left_alone) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", 2 * page, 0600).ok());
    ASSERT_TRUE(region.lay_over(middle(), 0).ok());
    std::memset(middle().at, 1, middle().bytes);
    for (std::size_t i = 0; i < page; ++i) {
        ASSERT_EQ(pages[i], std::byte{7});
        ASSERT_EQ(pages[3 * page + i], std::byte{7});
    }
    EXPECT_EQ(access_of(middle().at), "rw-s");
    EXPECT_EQ(access_of(pages.data()), "rw-p");
}

TEST_F(Region, pages_taken_anew_are_zeros_also_for_readers_and_others_are_left_alone) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", 2 * page, 0600).ok());
    ASSERT_TRUE(region.lay_over(middle(), 0).ok());
    RegionMap map;
    ASSERT_TRUE(map.open(region.path()).ok());
    middle().at[0] = middle().at[page] = std::byte{42};
    ASSERT_TRUE(region.take_anew(page, page).ok());
    EXPECT_EQ(map.bytes()[0], std::byte{42});
    EXPECT_EQ(map.bytes()[page], std::byte{0});
    middle().at[page] = std::byte{43};
    EXPECT_EQ(map.bytes()[page], std::byte{43});
}

TEST_F(Region, a_refused_laying_over_leaves_the_pages_as_they_were) {
    const SharedRegion none;
    EXPECT_EQ(none.lay_over(middle(), 0).cause(), Cause::view_refused);
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", 3 * page, 0600).ok());
    expect_refused(region.lay_over(middle(), 2 * page), "more were asked for", "; ");
    const Range skewed{.at = middle().at + 1, .bytes = page};  // found out only by the last step
    expect_refused(region.lay_over(skewed, 0), "could not be moved over our pages", "; ");
    expect_refused(region.lay_over(middle(), 1), "could not be mapped", "; ");
    EXPECT_FALSE(is_mapped(region.path())) << "the mapping elsewhere is left";
    for (const std::byte b : pages) ASSERT_EQ(b, std::byte{7});
}

TEST_F(Region, a_removed_region_has_no_file_and_its_pages_stay) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", 2 * page, 0600).ok());
    const std::string path = region.path();
    ASSERT_TRUE(region.lay_over(middle(), 0).ok());
    middle().at[0] = std::byte{42};
    region.remove();
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(region.path(), "");
    EXPECT_EQ(middle().at[0], std::byte{42});
    put_on_ordinary_pages(middle());
    EXPECT_EQ(middle().at[0], std::byte{0});
    EXPECT_EQ(access_of(middle().at), "rw-p");
    EXPECT_FALSE(is_mapped(path)) << "its memory is still held";
    region.remove();  // nothing to do
}

TEST_F(Region, a_region_ends_with_its_object_and_can_be_made_again) {
    for (int i = 0; i < 3; ++i) {
        SharedRegion region;
        ASSERT_TRUE(region.create("a.view", page, 0600).ok());
        ASSERT_TRUE(region.create("a.view", page, 0600).ok()) << "one object, one file";
    }
    EXPECT_FALSE(holds_files(folder));
}

TEST_F(Region, a_forked_child_does_not_remove_the_file) {
    const auto region = std::make_unique<SharedRegion>();
    ASSERT_TRUE(region->create("a.view", page, 0600).ok());
    EXPECT_EQ(told_by_child([&]() -> std::string {
                  region->~SharedRegion();
                  return "ended";
              }),
              "ended");
    EXPECT_TRUE(fs::exists(region->path()));
}

TEST_F(Region, a_reader_cannot_write) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", page, 0600).ok());
    RegionMap map;
    ASSERT_TRUE(map.open(region.path()).ok());
    void* const at = const_cast<std::byte*>(map.bytes().data());
    EXPECT_EQ(access_of(at), "r--s");
    EXPECT_EQ(mprotect(at, page, PROT_READ | PROT_WRITE), -1) << "it was opened for writing";
    EXPECT_EQ(errno, EACCES);
}

TEST_F(Region, a_reader_lets_go_of_its_pages_and_moves_them_on) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", page, 0600).ok());
    {
        RegionMap first;
        ASSERT_TRUE(first.open(region.path()).ok());
        RegionMap second(std::move(first));
        EXPECT_EQ(second.bytes().size(), page);
        RegionMap third;
        ASSERT_TRUE(third.open(region.path()).ok());
        third = std::move(second);
        EXPECT_EQ(third.bytes()[0], std::byte{0});
        ASSERT_TRUE(third.open(region.path()).ok()) << "in the place of what it had";
    }
    EXPECT_FALSE(is_mapped(region.path()));
}

TEST_F(Region, what_is_no_whole_region_is_not_read) {
    fs::create_directory(folder);
    const std::string path = folder + "/a.view";
    RegionMap map;
    expect_refused(map.open(path), "ENOENT", "stator top");
    std::ofstream(path) << std::string(page - 1, 'x');
    expect_refused(map.open(path), path, ".view");
    fs::resize_file(path, 0);
    expect_refused(map.open(path), path, ".view");
    fs::resize_file(path, page);
    EXPECT_TRUE(map.open(path).ok()) << "one page is enough";
}

TEST_F(Region, what_is_no_file_is_not_read) {
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", page, 0600).ok());
    RegionMap map;
    fs::create_symlink(region.path(), folder + "/link.view");
    expect_refused(map.open(folder + "/link.view"), "ELOOP", "; ");
    fs::create_directory(folder + "/folder.view");
    expect_refused(map.open(folder + "/folder.view"), "folder.view", ".view");
    ASSERT_EQ(mkfifo((folder + "/pipe.view").c_str(), 0600), 0);
    expect_refused(map.open(folder + "/pipe.view"), "pipe.view", ".view");  // and does not wait
    expect_refused(map.open("/dev/zero"), "/dev/zero", ".view");
    EXPECT_TRUE(map.bytes().empty());
}

TEST_F(Region, a_region_of_another_user_is_refused_with_the_remedy) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
    SharedRegion region;
    ASSERT_TRUE(region.create("a.view", page, 0600).ok());
    const auto read_as_nobody = [&]() -> std::string {
        if (!become_nobody()) return "cannot become another user";
        RegionMap map;
        const Status s = map.open(region.path());
        return s.ok() ? "read" : s.text();
    };
    const std::string told = told_by_child(read_as_nobody);
    EXPECT_NE(told.find("EACCES"), std::string::npos) << told;
    EXPECT_NE(told.find("view.permissions"), std::string::npos) << told;
    ASSERT_TRUE(region.create("a.view", page, 0644).ok());
    EXPECT_EQ(told_by_child(read_as_nobody), "read");
}

TEST_F(Region, files_are_listed_by_their_suffix_in_order) {
    EXPECT_TRUE(shared_files(".view").empty()) << "the folder is missing";
    EXPECT_FALSE(fs::exists(folder)) << "looking does not make it";
    fs::create_directory(folder);
    EXPECT_TRUE(shared_files(".view").empty());
    for (const char* name : {"c.view", "a.view", "b.claim", "a.view.new", "view"})
        std::ofstream(folder + '/' + name) << name;
    EXPECT_EQ(shared_files(".view"),
              (std::vector<std::string>{folder + "/a.view", folder + "/c.view"}));
    EXPECT_EQ(shared_files(".claim"), (std::vector<std::string>{folder + "/b.claim"}));
}

}  // namespace
}  // namespace stator::platform
