// A program without shared libraries.
#include <sys/auxv.h>

#include <thread>

#include "tests/support.h"
#include "zmalloc/stats.h"

namespace zmalloc_test {
namespace {

TEST(Static, IsThisProgram) { EXPECT_EQ(getauxval(AT_BASE), 0u) << "it has a loader"; }

TEST(Static, AllocatesAndFrees) {
    const size_t before = zmalloc_used_memory();
    for (size_t size : {size_t{1}, size_t{100}, size_t{5000}, size_t{3} << 20}) {
        void *ours = zmalloc(size);
        void *libcs = std::malloc(size);
        std::thread([&] {
            zfree(ours);
            std::free(libcs);
            libcs = std::malloc(size);
        }).join();
        zlibc_free(libcs);
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Static, TellsAndGivesBack) {
    zmalloc_stats_t info;
    EXPECT_EQ(zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1), 0);
    EXPECT_EQ(zmalloc_stats_knows(&info, ZMALLOC_STATS_ALLOCATED), Tells("allocated"));
    EXPECT_EQ(zmalloc_purge(), GivesBack() ? 0 : -1);
    zlibc_trim();
}

}  // namespace
}  // namespace zmalloc_test
