// tests/lab/kernel_says.cpp - questions to the kernel, by system call and by file.
#include "kernel_says.hpp"

#include <sys/syscall.h>
#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace stator::lab {
namespace {

std::ifstream open(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path + " cannot be read");
    return file;
}

// The rest of the first line that begins with `key`, without the blanks and colons before it.
std::string value_of(const std::string& path, const std::string& key) {
    std::ifstream file = open(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        return line.substr(line.find_first_not_of(" \t:", key.size()));
    }
    throw std::runtime_error(path + " has no line " + key);
}

// The fields of a stat file from the third on: the second is a name, which may have blanks.
std::vector<std::string> fields_of_stat(const std::string& path) {
    std::string text;
    std::ifstream file = open(path);
    std::getline(file, text);
    std::istringstream rest(text.substr(text.rfind(')') + 1));
    std::vector<std::string> fields(3);  // so that fields are numbered as in the manual
    for (std::string field; rest >> field;) fields.push_back(field);
    return fields;
}

}  // namespace

int node_of_page(const void* address) {
    void* page = const_cast<void*>(address);
    int node = -1;
    if (syscall(SYS_move_pages, 0, 1UL, &page, nullptr, &node, 0) != 0)
        throw std::runtime_error("move_pages answers nothing");
    return node;
}

int node_of_this_thread() {
    unsigned cpu = 0, node = 0;
    if (syscall(SYS_getcpu, &cpu, &node, nullptr) != 0)
        throw std::runtime_error("getcpu answers nothing");
    return static_cast<int>(node);
}

std::vector<BoundMapping> bound_mappings() {
    std::vector<BoundMapping> all;
    std::ifstream file = open("/proc/self/numa_maps");
    for (std::string line; std::getline(file, line);) {
        const std::size_t policy = line.find(" bind:");
        if (policy == std::string::npos) continue;
        BoundMapping mapping{.line = line};
        std::istringstream words(line.substr(policy + 6));
        std::string nodes;
        words >> nodes;
        if (nodes.find_first_of(",-") == std::string::npos) mapping.bound_to = std::stoi(nodes);
        std::uint64_t page_kib = 0;
        std::map<int, std::uint64_t> pages;
        for (std::string word; words >> word;) {
            int node = 0;
            unsigned long long n = 0;
            if (std::sscanf(word.c_str(), "N%d=%llu", &node, &n) == 2) pages[node] = n;
            if (std::sscanf(word.c_str(), "kernelpagesize_kB=%llu", &n) == 1) page_kib = n;
        }
        for (const auto& [node, n] : pages) mapping.bytes_on[node] = n * page_kib * 1024;
        all.push_back(mapping);
    }
    return all;
}

std::vector<Thread> threads() {
    std::vector<Thread> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        const std::string task = entry.path();
        Thread thread;
        std::getline(open(task + "/comm"), thread.name);
        thread.allowed = value_of(task + "/status", "Cpus_allowed_list");
        const std::vector<std::string> stat = fields_of_stat(task + "/stat");
        thread.cpu = std::stoi(stat.at(39));
        thread.priority = std::stoi(stat.at(40));
        thread.policy = std::stoi(stat.at(41));
        thread.migrations = std::stoull(value_of(task + "/sched", "se.nr_migrations"));
        all.push_back(thread);
    }
    return all;
}

std::vector<int> distances_of(int node) {
    std::ifstream file = open("/sys/devices/system/node/node" + std::to_string(node) + "/distance");
    std::vector<int> all;
    for (int distance = 0; file >> distance;) all.push_back(distance);
    return all;
}

}  // namespace stator::lab
