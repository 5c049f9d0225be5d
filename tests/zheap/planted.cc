// Writes a heap profile of which the right answers are known.
//
// Usage: planted FORMAT FILE [grown|exact]
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "tests/profile/rows.h"
#include "zmalloc/profile/writers.h"

extern "C" {

// The functions that the stacks name.  Each has code behind its first bytes, which differs from
// that of the others: the compiler must not make one of them.
volatile int planted_work;

#define PLANTED(name)                                   \
    __attribute__((noinline)) void name(void) {         \
        for (int i = 0; i < 10; i++) {                  \
            planted_work = planted_work + i * __LINE__; \
        }                                               \
    }
PLANTED(planted_main)
PLANTED(serve_requests)
PLANTED(read_config)
PLANTED(fill_cache)
PLANTED(open_session)
PLANTED(parse_header)
PLANTED(load_table)
PLANTED(zm_inside)
PLANTED(zmalloc)
PLANTED(zcalloc_num)
}

namespace {

using profile_test::AddRow;
using profile_test::CallIn;

constexpr uint64_t kMiB = 1 << 20;

template <typename... Function>
std::vector<const void *> Stack(Function... functions) {
    return {CallIn(reinterpret_cast<const void *>(functions))...};
}

// fill_cache holds most, open_session wastes most, parse_header allocates most.
void Plant(bool grown) {
    AddRow(Stack(zm_inside, zmalloc, zcalloc_num, fill_cache, serve_requests, planted_main),
           64 * 1024, 80 * 1024, 1024, kMiB)
        .label = "cache";
    AddRow(Stack(open_session, serve_requests, planted_main), grown ? 20480 : 4096, 8192, 1024,
           24 * kMiB)
        .label = "</script><b>\"sessions\"</b>";
    AddRow(Stack(zmalloc, parse_header, serve_requests, planted_main), grown ? 0 : 16, 1 << 20,
           512);
    AddRow(Stack(load_table, read_config, planted_main), 16, 16, kMiB / 2, 4096);
    AddRow(Stack(read_config, planted_main), 1000, 1000, 100, 2048);
    profile_test::Rows().back().frames.push_back(reinterpret_cast<const void *>(0x123));
    if (grown) AddRow(Stack(load_table, serve_requests, planted_main), 2, 2, kMiB);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const char *kind = argc > 3 ? argv[3] : "";
    Plant(std::strcmp(kind, "grown") == 0);
    // Every block is a sample then.
    if (std::strcmp(kind, "exact") == 0) profile_test::SetRate(1);
    bool (*writer)(int) = std::strcmp(argv[1], "heap_v2") == 0     ? zm_profile_write_heap_v2
                          : std::strcmp(argv[1], "collapsed") == 0 ? zm_profile_write_collapsed
                                                                   : zm_profile_write_pprof;
    if (fd >= 0 && writer(fd) && close(fd) == 0) return 0;
    std::perror(argv[2]);
    return 1;
}
