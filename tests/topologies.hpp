// tests/topologies.hpp - hwloc's files of real machines, where somebody has put them beside the
// tree.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace stator::test {

// Where they are, or nullptr.
inline const char* topology_folder() {
    return std::getenv("STATOR_TOPOLOGIES");
}
inline std::vector<std::filesystem::path> topologies_in(const char* folder) {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".xml") all.push_back(entry.path());
    return all;
}

}  // namespace stator::test
