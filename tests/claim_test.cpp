// tests/claim_test.cpp - claims on cpus: one holder for each, the dead make way, others are named.
#include <stator/platform/claim.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stator/platform/shared_region.hpp>

namespace stator::platform {
namespace {

namespace fs = std::filesystem;

// A forked process that does `work`, says what came of it, and then lives until it is killed.
class Child {
public:
    // With `first_thread_ends` only the threads that `work` made live on.
    explicit Child(const std::function<std::string()>& work, bool first_thread_ends = false) {
        std::array<int, 2> ends{};
        if (pipe(ends.data()) != 0) return;
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            const std::string text = work() + '\n';
            if (::write(ends[1], text.data(), text.size()) < 0) _exit(1);
            if (first_thread_ends) syscall(SYS_exit, 0);
            for (;;) pause();
        }
        close(ends[1]);
        says_ = ends[0];
    }
    ~Child() {
        if (pid_ > 0) kill_it(), bury();
        close(says_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    [[nodiscard]] std::string answer() const {
        std::string text;
        for (char c = 0; read(says_, &c, 1) == 1 && c != '\n';) text += c;
        return text;
    }
    // Ends it without a chance to tidy up, and leaves it as one that nobody has waited for.
    void kill_it() const {
        siginfo_t info{};
        kill(pid_, SIGKILL);
        waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    }
    // After kill_it: no process has its number any more.
    void bury() { waitpid(std::exchange(pid_, -1), nullptr, 0); }
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    int says_ = -1;
    pid_t pid_ = -1;
};

std::string all_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Claim : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "stator-claim-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        root = name;
        folder = root + "/shm";  // not there yet
        ASSERT_EQ(chmod(root.c_str(), 0755), 0);
        setenv("STATOR_SHM", folder.c_str(), 1);
    }
    void TearDown() override {
        unsetenv("STATOR_SHM");
        fs::remove_all(root);
    }
    // A claim written by hand; its path.
    std::string write(const std::string& name, const std::string& text) const {
        fs::create_directory(folder);
        std::string path = folder + '/' + name;
        std::ofstream(path) << text;
        return path;
    }
    std::string write(const std::string& name, ProcessId process, const std::string& cpus,
                      const std::string& region = "") const {
        return write(name, "pid " + std::to_string(process.pid) + "\nstarted " +
                               std::to_string(process.started) + "\nspace " +
                               std::to_string(process.space) + "\nholder board hand\ncpus " + cpus +
                               "\nregion " + region + '\n');
    }
    // How many files there are, of whatever name.
    [[nodiscard]] std::size_t files() const {
        if (!fs::exists(folder)) return 0;
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }
    // A process of these pids that has ended.
    static ProcessId ended() {
        return {.pid = 1 << 30, .started = 1, .space = this_process().space};
    }
    static std::string claims(const CpuSet& cpus, CpuClaim& claim) {
        const Status s = claim.take(cpus, "board child");
        return s.ok() ? "claimed" : s.text();
    }
    std::string root, folder;
};

TEST_F(Claim, a_claim_is_a_text_that_everybody_may_read) {
    const mode_t before = umask(077);
    CpuClaim claim;
    const Status s = claim.take(cpus("0-2,9"), "board host", "host.view");
    umask(before);
    ASSERT_TRUE(s.ok()) << s.text();
    ASSERT_EQ(files(), 1u) << "a temporary name is left";
    const std::string path = shared_files(".claim").at(0);
    const std::string pid = std::to_string(getpid());
    EXPECT_EQ(path.find(folder + '/' + pid + '.'), 0u) << path;
    const std::string text = '\n' + all_of(path);
    for (const std::string& line :
         {"pid " + pid, "started " + std::to_string(this_process().started),
          std::string("holder board host"), std::string("cpus 0-2,9"),
          std::string("region host.view")})
        EXPECT_NE(text.find('\n' + line + '\n'), std::string::npos) << text << "lacks: " << line;
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777u, 0644u);
}

TEST_F(Claim, what_was_claimed_is_read_back) {
    CpuClaim claim;
    ASSERT_TRUE(claim.take(cpus("3,5-6"), "board host", "host.1.view").ok());
    const auto all = read_claims();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].path, shared_files(".claim").at(0));
    EXPECT_EQ(all[0].process, this_process());
    EXPECT_EQ(all[0].holder, "board host");
    EXPECT_EQ(all[0].region, "host.1.view");
    EXPECT_EQ(all[0].cpus, cpus("3,5-6"));
    EXPECT_TRUE(all[0].alive);
}

TEST_F(Claim, looking_at_no_folder_finds_nothing_and_makes_nothing) {
    EXPECT_TRUE(read_claims().empty());
    EXPECT_FALSE(fs::exists(folder));
}

TEST_F(Claim, a_claimed_cpu_is_refused_with_the_holders_name) {
    CpuClaim theirs;
    const Child child([&] { return claims(cpus("0-3"), theirs); });
    ASSERT_EQ(child.answer(), "claimed");
    CpuClaim ours;
    const Status s = ours.take(cpus("1,7"), "board ours");
    EXPECT_EQ(s.cause(), Cause::cpu_claimed);
    const std::string pid = std::to_string(child.pid());
    EXPECT_EQ(s.text(), "cpu 1 is held by 'board child' of process " + pid + " (" +
                            program_of(child.pid()) + "); stop it ( kill " + pid +
                            " ), or use a board with other cpus");
    const Status several = ours.take(cpus("2-9"), "board ours");
    EXPECT_EQ(several.text().find("cpus 2-3 are held by 'board child' of process " + pid), 0u)
        << several.text();
    EXPECT_EQ(read_claims().size(), 1u) << "a refused claim leaves nothing";
}

TEST_F(Claim, the_claim_of_a_killed_process_is_taken_over) {
    CpuClaim theirs;
    Child child([&] { return claims(cpus("1"), theirs); });
    ASSERT_EQ(child.answer(), "claimed");
    const std::string old = shared_files(".claim").at(0);
    child.kill_it();
    ASSERT_EQ(read_claims().size(), 1u);
    EXPECT_FALSE(read_claims()[0].alive) << "one that nobody has waited for has ended";
    child.bury();
    EXPECT_FALSE(read_claims()[0].alive) << "nobody has its number";
    EXPECT_TRUE(fs::exists(old)) << "looking removes nothing";
    CpuClaim ours;
    const Status s = ours.take(cpus("1"), "board ours");
    ASSERT_TRUE(s.ok()) << s.text();
    EXPECT_FALSE(fs::exists(old));
    ASSERT_EQ(read_claims().size(), 1u);
    EXPECT_EQ(read_claims()[0].holder, "board ours");
}

TEST_F(Claim, a_number_that_is_used_again_is_another_process) {
    ProcessId earlier = this_process();
    --earlier.started;
    EXPECT_TRUE(is_alive(this_process()));
    EXPECT_FALSE(is_alive(earlier));
    const std::string path = write("1.0.claim", earlier, "1");
    ASSERT_EQ(read_claims().size(), 1u);
    EXPECT_FALSE(read_claims()[0].alive);
    CpuClaim claim;
    ASSERT_TRUE(claim.take(cpus("1"), "board ours").ok());
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(Claim, a_process_of_another_pid_namespace_counts_as_alive) {
    ProcessId elsewhere = ended();  // whatever this number is here
    ++elsewhere.space;
    const std::string path = write("1.0.claim", elsewhere, "1");
    ASSERT_EQ(read_claims().size(), 1u);
    EXPECT_TRUE(read_claims()[0].alive);
    CpuClaim claim;
    EXPECT_EQ(claim.take(cpus("1"), "board ours").cause(), Cause::cpu_claimed);
    EXPECT_TRUE(claim.take(cpus("2"), "board ours").ok());
    EXPECT_TRUE(fs::exists(path));
}

TEST_F(Claim, a_process_is_known_whatever_its_name_is) {
    const ProcessId self = this_process();
    EXPECT_EQ(self.pid, getpid());
    EXPECT_GT(self.started, 0u);
    std::array<char, 16> name{};
    ASSERT_EQ(prctl(PR_GET_NAME, name.data()), 0);
    for (const char* odd : {") Z 1 (x", "a b) X", "((", ")"}) {
        ASSERT_EQ(prctl(PR_SET_NAME, odd), 0);
        EXPECT_EQ(this_process(), self) << odd;
        EXPECT_TRUE(is_alive(self)) << odd;
        EXPECT_EQ(program_of(getpid()), odd);
    }
    prctl(PR_SET_NAME, name.data());
}

TEST_F(Claim, what_is_no_process_is_not_alive) {
    EXPECT_FALSE(is_alive({}));
    EXPECT_FALSE(is_alive(ended()));
    for (const int pid : {0, -1, getpid()}) {
        ProcessId none = this_process();
        none.pid = pid;
        EXPECT_EQ(is_alive(none), pid == getpid()) << pid;
    }
    EXPECT_EQ(program_of(1 << 30), "?");
}

TEST_F(Claim, what_a_dead_holder_left_behind_goes_with_its_claim) {
    const ProcessId dead = ended();
    const std::string name = "dead." + std::to_string(dead.pid) + ".0.view";
    const std::string region = write(name, "left after a crash");
    const std::string other = write("other.1.0.view", "of a process that is not the claim's");
    const std::string outside = root + "/outside.1073741824.view";
    std::ofstream(outside) << "not in the folder";
    write("1.0.claim", dead, "1", name);
    write("2.0.claim", dead, "1", "other.1.0.view");
    write("3.0.claim", dead, "1", "../outside.1073741824.view");
    write("4.0.claim", dead, "1", "no." + std::to_string(dead.pid) + ".view");
    CpuClaim claim;
    ASSERT_TRUE(claim.take(cpus("7"), "board ours").ok()) << "stale ones go whatever they hold";
    EXPECT_FALSE(fs::exists(region));
    EXPECT_TRUE(fs::exists(other));
    EXPECT_TRUE(fs::exists(outside)) << "a region lies in the folder";
    EXPECT_EQ(read_claims().size(), 1u);
}

TEST_F(Claim, a_living_holders_region_is_left_alone) {
    const std::string living = "living." + std::to_string(getpid()) + ".0.view";
    const std::string region = write(living, "in use");
    const std::string path = write("1.0.claim", this_process(), "1", living);
    CpuClaim claim;
    ASSERT_TRUE(claim.take(cpus("2"), "board ours").ok());
    EXPECT_EQ(claim.take(cpus("1"), "board ours").cause(), Cause::cpu_claimed);
    EXPECT_TRUE(fs::exists(region));
    EXPECT_TRUE(fs::exists(path));
}

TEST_F(Claim, a_file_that_is_no_claim_holds_nothing) {
    const std::string self = "pid " + std::to_string(getpid()) + '\n';
    const std::string since = "started " + std::to_string(this_process().started) + '\n';
    const std::vector<std::string> texts = {
        "",
        "\n",
        "nonsense",
        std::string("\0\1\2\377", 4),
        self + since + "holder x\n",              // no cpus
        self + "holder x\ncpus 1\n",              // no start
        since + "holder x\ncpus 1\n",             // no process
        self + since + "cpus 3-1\n",              // runs backwards
        self + since + "cpus 1,\n",               // an end is missing
        self + since + "cpus 99999\n",            // no such number
        "pid 12x\n" + since + "cpus 1\n",         // not a number alone
        "pid 99999999999\n" + since + "cpus 1\n"  // larger than numbers are
    };
    for (std::size_t i = 0; i < texts.size(); ++i)
        write("bad" + std::to_string(i) + ".claim", texts[i]);
    fs::create_directory(folder + "/folder.claim");
    fs::create_symlink(root + "/nowhere", folder + "/link.claim");
    EXPECT_TRUE(read_claims().empty());
    CpuClaim claim;
    const Status s = claim.take(cpus("1"), "board ours");
    ASSERT_TRUE(s.ok()) << s.text();
    EXPECT_EQ(read_claims().size(), 1u);
    EXPECT_EQ(shared_files(".claim").size(), texts.size() + 3) << "they are not ours to remove";
}

TEST_F(Claim, boards_with_other_cpus_run_beside_each_other) {
    CpuClaim theirs, first, second;
    const Child child([&] { return claims(cpus("0-1"), theirs); });
    ASSERT_EQ(child.answer(), "claimed");
    EXPECT_TRUE(first.take(cpus("2-3"), "board first").ok());
    EXPECT_TRUE(second.take(cpus("4"), "board second").ok());
    const auto all = read_claims();
    EXPECT_EQ(all.size(), 3u);
    EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](const auto& c) { return c.alive; }));
}

TEST_F(Claim, two_claims_of_one_process_conflict) {
    CpuClaim first, second;
    ASSERT_TRUE(first.take(cpus("0-1"), "board first").ok());
    const Status s = second.take(cpus("1-2"), "board second");
    EXPECT_EQ(s.cause(), Cause::cpu_claimed);
    EXPECT_EQ(s.text(),
              "cpu 1 is held by 'board first' of this process; stop that scheduler first, or use a "
              "board with other cpus");
    first.give_back();
    EXPECT_TRUE(second.take(cpus("1-2"), "board second").ok());
}

TEST_F(Claim, what_is_given_back_is_free) {
    CpuClaim first, second;
    first.give_back();  // nothing to do
    ASSERT_TRUE(first.take(cpus("1"), "board first").ok());
    first.give_back();
    EXPECT_TRUE(files() == 0);
    EXPECT_TRUE(second.take(cpus("1"), "board second").ok());
    first.give_back();
    EXPECT_EQ(read_claims().size(), 1u) << "once is once";
}

TEST_F(Claim, a_claim_ends_with_its_object) {
    {
        CpuClaim claim;
        ASSERT_TRUE(claim.take(cpus("1"), "board host").ok());
        ASSERT_TRUE(claim.take(cpus("1-2"), "board host").ok()) << "the new one replaces the old";
        EXPECT_EQ(read_claims().size(), 1u);
    }
    EXPECT_TRUE(files() == 0);
}

TEST_F(Claim, a_forked_childs_end_leaves_its_parents_claim) {
    const auto claim = std::make_unique<CpuClaim>();
    ASSERT_TRUE(claim->take(cpus("1"), "board parent").ok());
    {
        const Child child([&]() -> std::string {
            claim->~CpuClaim();
            return "ended";
        });
        EXPECT_EQ(child.answer(), "ended");
    }
    ASSERT_EQ(read_claims().size(), 1u);
    EXPECT_TRUE(read_claims()[0].alive);
    CpuClaim second;
    EXPECT_EQ(second.take(cpus("1"), "board second").cause(), Cause::cpu_claimed);
}

TEST_F(Claim, a_forked_child_cannot_take_what_its_parent_holds) {
    CpuClaim parents;
    ASSERT_TRUE(parents.take(cpus("1"), "board parent").ok());
    CpuClaim childs;
    const Child child([&] { return claims(cpus("1"), childs); });
    const std::string told = child.answer();
    EXPECT_EQ(told.find("cpu 1 is held by 'board parent' of process " + std::to_string(getpid())),
              0u)
        << told;
}

TEST_F(Claim, of_many_that_claim_at_once_one_gets_the_cpu) {
    std::vector<std::unique_ptr<Child>> children;
    CpuClaim claim;  // each child has its own copy
    for (int i = 0; i < 8; ++i)
        children.push_back(std::make_unique<Child>([&] { return claims(cpus("1"), claim); }));
    int claimed = 0;
    for (const auto& child : children) {
        const std::string told = child->answer();
        if (told == "claimed")
            ++claimed;
        else
            EXPECT_EQ(told.find("cpu 1 is held by 'board child'"), 0u) << told;
    }
    EXPECT_EQ(claimed, 1);
    EXPECT_EQ(files(), 1u);
}

TEST_F(Claim, a_stale_claim_of_another_user_is_passed_over) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
    int fd = -1;
    ASSERT_TRUE(open_shared_folder(fd).ok());
    close(fd);
    const std::string path = write("1.0.claim", ended(), "1");
    CpuClaim theirs;
    const Child child([&]() -> std::string {
        if (setgid(65534) != 0 || setuid(65534) != 0) return "cannot become another user";
        return claims(cpus("1"), theirs);
    });
    EXPECT_EQ(child.answer(), "claimed");
    EXPECT_TRUE(fs::exists(path)) << "it is not theirs to remove";
    EXPECT_EQ(read_claims().size(), 2u);
}

TEST_F(Claim, a_name_that_is_a_pipe_or_a_link_is_neither_waited_for_nor_written_through) {
    fs::create_directory(folder);
    ASSERT_EQ(mkfifo((folder + "/pipe.claim").c_str(), 0666), 0);
    const std::string victim = root + "/victim";
    std::ofstream(victim) << "untouched";
    const CpuSet cpus = *CpuSet::parse("3");
    std::string path;
    {
        CpuClaim first;
        ASSERT_TRUE(first.take(cpus, "board a").ok());
        path = read_claims().at(0).path;
    }
    // The next claim's temporary name, as somebody may guess it: the last number is one higher.
    const std::size_t number = path.find_last_of('.', path.size() - 7) + 1;
    const unsigned long next = std::stoul(path.substr(number)) + 1;
    const std::string guessed = path.substr(0, number) + std::to_string(next) + ".claim.new";
    fs::create_symlink(victim, guessed);
    CpuClaim second;
    EXPECT_TRUE(second.take(cpus, "board b").ok());
    EXPECT_EQ(all_of(victim), "untouched");
    EXPECT_EQ(read_claims().size(), 1U);
}

TEST_F(Claim, a_process_whose_first_thread_has_ended_still_holds_its_cpus) {
    const Child child(
        [] {
            CpuClaim* const claim = new CpuClaim;
            const bool taken = claim->take(*CpuSet::parse("2"), "board left").ok();
            std::thread([] {
                for (;;) pause();
            }).detach();
            return taken ? std::string("taken") : std::string("refused");
        },
        true);
    ASSERT_EQ(child.answer(), "taken");
    while (all_of("/proc/" + std::to_string(child.pid()) + "/stat").find(") Z ") ==
           std::string::npos)
        std::this_thread::yield();
    CpuClaim mine;
    EXPECT_EQ(mine.take(*CpuSet::parse("2"), "board mine").cause(), Cause::cpu_claimed);
}

TEST_F(Claim, a_line_break_in_the_holders_name_breaks_nothing) {
    CpuClaim first, second;
    ASSERT_TRUE(first.take(*CpuSet::parse("1"), "board\ncpus 9").ok());
    ASSERT_EQ(read_claims().size(), 1U);
    EXPECT_EQ(read_claims()[0].holder, "board cpus 9");
    EXPECT_EQ(second.take(*CpuSet::parse("1"), "board b").cause(), Cause::cpu_claimed);
}

TEST_F(Claim, a_holder_in_another_container_is_not_told_to_be_killed_by_number) {
    ProcessId other = this_process();
    ++other.space;
    write("1.1.2.0.claim", other, "4");
    CpuClaim mine;
    const Status s = mine.take(*CpuSet::parse("4"), "board mine");
    EXPECT_EQ(s.cause(), Cause::cpu_claimed);
    EXPECT_NE(s.text().find("of another container"), std::string::npos) << s.text();
    EXPECT_EQ(s.text().find("kill"), std::string::npos) << s.text();
}

TEST_F(Claim, a_name_that_another_process_of_this_number_has_is_left_to_it) {
    CpuClaim claim;
    ASSERT_TRUE(claim.take(cpus("1"), "board ours").ok());
    const std::string pid = std::to_string(getpid());
    const std::string first = fs::path(shared_files(".claim").at(0)).filename().string();
    const int next = std::stoi(first.substr(pid.size() + 1)) + 1;
    ProcessId elsewhere = this_process();  // as in two containers, where each is process 1
    ++elsewhere.space;
    const std::string path =
        write(pid + '.' + std::to_string(next) + ".claim", elsewhere, "9", "theirs.view");
    const std::string text = all_of(path);
    ASSERT_TRUE(claim.take(cpus("1"), "board ours").ok());
    EXPECT_EQ(all_of(path), text);
    EXPECT_EQ(read_claims().size(), 2u);
    CpuClaim second;
    EXPECT_EQ(second.take(cpus("9"), "board second").cause(), Cause::cpu_claimed);
}

TEST_F(Claim, a_claim_by_another_user_removes_no_region) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
    const std::string region = "living." + std::to_string(getpid()) + ".0.view";
    CpuClaim claim;
    ASSERT_TRUE(claim.take(cpus("1"), "board ours", region).ok());
    write(region, "in use");
    ProcessId forged = this_process();
    --forged.started;
    const std::string path = write("9.0.claim", forged, "9", region);
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    CpuClaim second;
    ASSERT_TRUE(second.take(cpus("2"), "board second").ok());
    EXPECT_FALSE(fs::exists(path)) << "it is stale";
    EXPECT_TRUE(fs::exists(folder + '/' + region));
}

// What fork() copies while another thread makes a claim has the folder's lock open as it lives on.
TEST_F(Claim, a_child_that_is_forked_during_a_claim_keeps_nobody_waiting) {
    std::atomic<bool> stop{false};
    std::thread claiming([&] {
        CpuClaim claim;
        while (!stop.load(std::memory_order::relaxed))  // ends it a little later: harmless
            EXPECT_TRUE(claim.take(cpus("1"), "board host").ok());
    });
    int fd = -1;
    EXPECT_TRUE(open_shared_folder(fd).ok());
    bool free = true;
    for (int i = 0; i < 50 && free; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) pause();
        }
        free = false;
        for (int tries = 0; tries < 2000 && !free; ++tries) {
            free = flock(fd, LOCK_EX | LOCK_NB) == 0;
            if (!free) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (free) flock(fd, LOCK_UN);
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    EXPECT_TRUE(free);
    close(fd);
    stop.store(true, std::memory_order::relaxed);  // carries nothing else
    claiming.join();
}

TEST_F(Claim, a_folder_that_is_a_file_is_refused) {
    std::ofstream(folder) << "not a folder";
    CpuClaim claim;
    const Status s = claim.take(cpus("1"), "board host");
    EXPECT_EQ(s.cause(), Cause::view_refused);
    EXPECT_NE(s.text().find(folder), std::string::npos) << s.text();
    EXPECT_NE(s.text().find("STATOR_SHM"), std::string::npos) << s.text();
    EXPECT_TRUE(read_claims().empty());
}

}  // namespace
}  // namespace stator::platform
