// tests/toolchains/consumer/overflow.cpp - a sum that overflows where a number is given.
#include <climits>
#include <cstdio>

int main(int argc, char**) {
    const int sum = INT_MAX - 1 + argc;  // one argument is one too many
    std::printf("%d\n", sum);
}
