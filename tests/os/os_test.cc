// Compares what the real system tells with what the test knows of it otherwise.
#include "zmalloc/os/os.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/sanitized.h"

namespace {

TEST(Os, MapsZeroedPages) {
    size_t page = zm_os_page_size();
    EXPECT_EQ(page, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
    char *block = static_cast<char *>(zm_os_map(8 * page));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<size_t>(block) % page, 0u);
    for (size_t i = 0; i < 8 * page; i++) ASSERT_EQ(block[i], 0);
    std::memset(block, 1, 8 * page);
    munmap(block, 8 * page);
}

TEST(Os, MapFailsWithNull) { EXPECT_EQ(zm_os_map(SIZE_MAX / 2 & ~size_t{0xfff}), nullptr); }

// A discard touches only the whole pages inside.  They read as zeros, or as before where the system
// has not dropped them yet.
TEST(Os, DiscardsWholePagesInside) {
    const size_t page = zm_os_page_size(), size = 6 * page;
    char *block = static_cast<char *>(zm_os_map(size));
    const size_t kBegins[] = {0, 1, page - 1, page, page + 1};
    const size_t kLengths[] = {0, 1, page - 1, page, page + 1, 2 * page - 1, 2 * page, 4 * page};
    for (size_t begin : kBegins) {
        for (size_t length : kLengths) {
            std::memset(block, 'x', size);
            zm_os_discard(block + begin, length);
            const size_t first = (begin + page - 1) / page * page;
            const size_t last = (begin + length) / page * page;
            for (size_t i = 0; i < size; i++) {
                if (i >= first && i < last && block[i] == 0) continue;
                ASSERT_EQ(block[i], 'x') << begin << "+" << length << " at " << i;
            }
        }
    }
    zm_os_discard(block + 1, SIZE_MAX);
    EXPECT_EQ(block[size - 1], 'x');
    munmap(block, size);
}

TEST(Os, RssFollowsPagesTouched) {
    if (zmalloc_test::kShadowed) GTEST_SKIP() << "the sanitizer's shadow is resident, too";
    const size_t size = size_t{64} << 20, slack = size_t{4} << 20;
    const size_t shadow = zmalloc_test::ShadowRead(size);
    void *block = zm_os_map(size);
    const size_t before = zm_os_rss(), smaps_before = zm_os_smaps_bytes("Rss:", -1);
    std::memset(block, 1, size);
    const size_t after = zm_os_rss(), smaps_after = zm_os_smaps_bytes("Rss:", -1);
    EXPECT_GT(after, before + size - slack);
    EXPECT_LT(after, before + size + shadow + slack);
    EXPECT_GE(smaps_after, smaps_before + size);
    EXPECT_LT(smaps_after, smaps_before + size + shadow + slack);
    EXPECT_GE(zm_os_peak_rss(), after - slack);
    EXPECT_GE(zm_os_smaps_bytes("Private_Dirty:", getpid()), size);
    munmap(block, size);
}

TEST(Os, MemoryOfTheMachine) {
    EXPECT_GT(zm_os_memory_size(), size_t{1} << 20);
    EXPECT_EQ(zm_os_memory_size() % zm_os_page_size(), 0u);
    bool known = false;
    (void)zm_os_memory_limit(&known);  // any value will do: it returns
    EXPECT_EQ(zm_os_known_memory(), known ? zm_os_usable_memory() : 0);
}

struct Module {
    zm_os_module module;
    std::string path;
};

std::vector<Module> Modules() {
    std::vector<Module> modules;
    zm_os_modules(
        [](const zm_os_module *module, void *context) {
            static_cast<std::vector<Module> *>(context)->push_back({*module, module->path});
            return true;
        },
        &modules);
    return modules;
}

// The module with this function is the program, and the code in memory is that in its file.
TEST(Os, ModulesAreWhereTheirFilesSay) {
    const auto address = reinterpret_cast<uintptr_t>(&zm_os_modules);
    const std::vector<Module> modules = Modules();
    if (modules.empty()) GTEST_SKIP() << "the system does not tell";
    EXPECT_LE(modules[0].module.start, address);
    EXPECT_LT(address, modules[0].module.end);
    const int fd = open(modules[0].path.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0) << modules[0].path;
    char code[16] = "";
    const uint64_t offset = address - modules[0].module.start + modules[0].module.offset;
    ASSERT_EQ(pread(fd, code, sizeof code, static_cast<off_t>(offset)), ssize_t{sizeof code});
    close(fd);
    EXPECT_EQ(std::memcmp(code, reinterpret_cast<const void *>(address), sizeof code), 0);
    EXPECT_LE(modules[0].module.bias, modules[0].module.start);
}

TEST(Os, ModulesStopWhenTheVisitorHasEnough) {
    const size_t all = Modules().size();
    size_t visits = 0;
    zm_os_modules(
        [](const zm_os_module *, void *context) { return ++*static_cast<size_t *>(context) < 1; },
        &visits);
    EXPECT_EQ(visits, all < 1 ? all : 1);
}

}  // namespace
