// Keeps the lines that it reads in blocks of zmalloc's, and prints their number and size.
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "zmalloc/zmalloc.h"

struct Free {
    void operator()(char *block) const { zfree(block); }
};

int main() {
    std::vector<std::unique_ptr<char, Free>> lines;
    for (std::string line; std::getline(std::cin, line);) lines.emplace_back(zstrdup(line.c_str()));
    std::printf("%zu lines, %zu bytes of %s\n", lines.size(), zmalloc_used_memory(), ZMALLOC_LIB);
}
