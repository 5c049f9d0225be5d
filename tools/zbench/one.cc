// One allocator's measurements; zbench and instructions start it.
#include "tools/zbench/one.h"

#include <cstdio>
#include <cstring>

#include "zmalloc/build_info.h"

namespace zbench {

std::string FullName(const std::string &op, size_t size) {
    return ZMALLOC_BACKEND "/" + op + "/" + std::to_string(size);
}

}  // namespace zbench

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "count") == 0) {
        return zbench::CountAll(zbench::Filter(argv[2]));
    }
    if (argc == 5 && strcmp(argv[1], "time") == 0) {
        zbench::TimeAll(zbench::Filter(argv[2]), argv[3], argv[4]);
        return 0;
    }
    fputs("usage: count FILTER | time FILTER REPETITIONS SECONDS (see //tools/zbench)\n", stderr);
    return 2;
}
