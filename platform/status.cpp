// platform/status.cpp - the words for an errno.
#include <stator/platform/status.hpp>

#include <cstring>

namespace stator::platform {

std::string error_text(int error) {
    const char* name = strerrorname_np(error);
    const char* words = strerrordesc_np(error);
    if (name == nullptr || words == nullptr) return "errno " + std::to_string(error);
    return std::string(name) + ", " + words;
}

}  // namespace stator::platform
