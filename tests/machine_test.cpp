// tests/machine_test.cpp - what is read of machines: this one, and real ones from hwloc's files.
#include <stator/platform/machine.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "topologies.hpp"

namespace {

using stator::platform::Cause;
using stator::platform::MachineFacts;
using stator::platform::read_machine;

std::string topology(const char* name) {
    const char* root = stator::test::topology_folder();
    return root == nullptr ? "" : std::string(root) + "/" + name;
}
#define NEED_FILE(path) \
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs the topology file " << (path)

TEST(Machine, this_one_has_cpus_and_memory_and_comes_from_the_kernel) {
    MachineFacts facts;
    const auto s = read_machine(facts);
    ASSERT_TRUE(s.ok()) << s.text();
    EXPECT_TRUE(facts.from_kernel);
    EXPECT_FALSE(facts.cpus.empty());
    EXPECT_FALSE(facts.allowed.empty());
    ASSERT_FALSE(facts.nodes.empty());
    EXPECT_GT(facts.nodes[0].memory_bytes, 0u);
    EXPECT_EQ(facts.page_bytes & (facts.page_bytes - 1), 0u);
}

TEST(Machine, a_two_socket_arm_server) {
    const std::string file = topology("128arm-2pa2n8cluster4co.xml");
    NEED_FILE(file);
    MachineFacts facts;
    ASSERT_TRUE(read_machine(facts, {.xml_file = file}).ok());
    EXPECT_FALSE(facts.from_kernel);
    EXPECT_EQ(facts.cpus.text(), "0-127");
    ASSERT_EQ(facts.nodes.size(), 4u);
    EXPECT_EQ(facts.nodes[3].cpus.count(), 32);
    EXPECT_EQ(facts.distances.size(), 16u);
    EXPECT_EQ(facts.distances[0], 10);
    EXPECT_TRUE(facts.smt.empty()) << "one cpu a core";
    EXPECT_EQ(facts.architecture, "aarch64");
    ASSERT_EQ(facts.packages.size(), 2U);
    EXPECT_EQ(facts.packages[1].text(), "64-127");
    EXPECT_EQ(facts.last_cache_bytes, 32U << 20);
    EXPECT_TRUE(facts.slow_cpus.empty()) << "all cores are alike";
}

TEST(Machine, a_machine_with_offline_cpus_has_sparse_numbers) {
    const std::string file = topology("16em64t-4s2c2t-offlines.xml");
    NEED_FILE(file);
    MachineFacts facts;
    ASSERT_TRUE(read_machine(facts, {.xml_file = file}).ok());
    EXPECT_FALSE(facts.offline.empty());
    EXPECT_TRUE((facts.cpus & facts.offline).empty());
    EXPECT_LT(facts.cpus.count(), 16);
}

TEST(Machine, a_hybrid_laptop_has_cores_of_one_and_of_two_cpus) {
    const std::string file = topology("20em64t-hybrid-1p6c2t+2ca4co1t.xml");
    NEED_FILE(file);
    MachineFacts facts;
    ASSERT_TRUE(read_machine(facts, {.xml_file = file}).ok());
    EXPECT_EQ(facts.cpus.count(), 20);
    EXPECT_EQ(facts.smt.size(), 6u);
    EXPECT_EQ(facts.slow_cpus.text(), "12-19");
    EXPECT_EQ(facts.packages.size(), 1U);
}

TEST(Machine, every_cpu_belongs_to_one_node_and_one_cache_at_most) {
    const char* root = stator::test::topology_folder();
    if (root == nullptr) GTEST_SKIP() << "needs a folder of topology files";
    const auto files = stator::test::topologies_in(root);
    for (const auto& file : files) {
        MachineFacts facts;
        const auto s = read_machine(facts, {.xml_file = file});
        ASSERT_TRUE(s.ok()) << s.text();
        stator::platform::CpuSet seen;
        int sum = 0;
        for (const auto& node : facts.nodes) {
            sum += node.cpus.count();
            seen = seen | node.cpus;
        }
        EXPECT_EQ(sum, seen.count()) << file;
        EXPECT_EQ(seen, facts.cpus) << file;
        sum = 0;
        seen = {};
        for (const auto& cache : facts.last_caches) {
            sum += cache.count();
            seen = seen | cache;
        }
        EXPECT_EQ(sum, seen.count()) << file;
    }
    EXPECT_GT(files.size(), 0u);
}

TEST(Machine, a_file_that_is_missing_or_no_topology_is_told_by_name) {
    MachineFacts facts;
    auto s = read_machine(facts, {.xml_file = "/nowhere/at/all.xml"});
    EXPECT_EQ(s.cause(), Cause::machine_unknown);
    EXPECT_NE(s.text().find("/nowhere/at/all.xml"), std::string::npos) << s.text();
    EXPECT_NE(s.text().find("lstopo"), std::string::npos) << "the remedy";
    for (const char* text : {"", "not xml", "<?xml version=\"1.0\"?><topology version=\"2.0\">",
                             "<?xml version=\"1.0\"?><other/>"}) {
        const std::string path = testing::TempDir() + "broken.xml";
        std::ofstream(path) << text;
        s = read_machine(facts, {.xml_file = path});
        EXPECT_EQ(s.cause(), Cause::machine_unknown) << text;
        EXPECT_NE(s.text().find("broken.xml"), std::string::npos) << s.text();
    }
}

}  // namespace
