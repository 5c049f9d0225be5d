// Linux adds this to os_test.cc: discarded memory is gone at once, and there is /proc.
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "tests/emulated.h"
#include "tests/sanitized.h"
#include "zmalloc/os/linux_proc.h"
#include "zmalloc/os/os.h"

namespace {

// After a discard, only the whole pages inside read as zero.
TEST(LinuxOs, DiscardsWholePagesInside) {
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
                char expected = i >= first && i < last ? 0 : 'x';
                ASSERT_EQ(block[i], expected) << begin << "+" << length << " at " << i;
            }
        }
    }
    zm_os_discard(block + 1, SIZE_MAX);
    EXPECT_EQ(block[size - 1], 'x');
    munmap(block, size);
}

// Where its code lies, and its build id.  A path may be that of a symbolic link.
using Module = std::tuple<uintptr_t, uintptr_t, uint64_t, uintptr_t, std::string>;

// The vDSO has no path.
std::vector<Module> ModulesWithPaths() {
    std::vector<Module> modules;
    zm_os_modules(
        [](const zm_os_module *module, void *context) {
            if (module->path[0] != '/') return true;
            static_cast<std::vector<Module> *>(context)->push_back(
                {module->start, module->end, module->offset, module->bias,
                 std::string(reinterpret_cast<const char *>(module->build_id),
                             module->build_id_size)});
            return true;
        },
        &modules);
    std::sort(modules.begin(), modules.end());
    return modules;
}

// Another thread holds the loader's lock when this one forks, as in dlopen().
TEST(LinuxOs, AChildKnowsTheModulesThoughTheLoaderStaysLocked) {
    const std::vector<Module> modules = ModulesWithPaths();
    ASSERT_FALSE(modules.empty());
    static std::atomic<bool> is_inside, may_leave;
    std::thread other([] {
        dl_iterate_phdr(
            [](dl_phdr_info *, size_t, void *) {
                is_inside = true;
                while (!may_leave) usleep(1000);
                return 1;
            },
            nullptr);
    });
    while (!is_inside) usleep(1000);
    const pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(ModulesWithPaths() == modules ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    may_leave = true;
    other.join();
}

TEST(LinuxOs, KnowsThisProcess) {
    long long value = 0;
    ASSERT_EQ(zm_os_proc_stat_ll(1, &value), 1);
    EXPECT_EQ(value, getpid());
    ASSERT_EQ(zm_os_proc_stat_ll(4, &value), 1);
    EXPECT_EQ(value, getppid());
    ASSERT_EQ(zm_os_proc_stat_ll(24, &value), 1);
    if (zmalloc_test::Emulated()) return;
    // Both sources of resident memory agree.
    EXPECT_NEAR(static_cast<double>(value) * static_cast<double>(zm_os_page_size()),
                static_cast<double>(zm_os_rss()), 1 << 20);
}

TEST(LinuxOs, RssFollowsPagesDiscarded) {
    if (zmalloc_test::kShadowed) GTEST_SKIP() << "the sanitizer's shadow is resident, too";
    const size_t size = size_t{64} << 20, slack = size_t{4} << 20;
    void *block = zm_os_map(size);
    ASSERT_NE(block, nullptr);
    const size_t before = zm_os_rss();
    std::memset(block, 1, size);
    EXPECT_GT(zm_os_rss(), before + size - slack);
    zm_os_discard(block, size);
    EXPECT_LT(zm_os_rss(), before + zmalloc_test::ShadowRead(size) + slack);
    munmap(block, size);
}

// Exits with 0 if `check` returns true in a child of fork.
int InChild(bool (*check)()) {
    const pid_t child = fork();
    if (child == 0) _exit(check() ? 0 : 1);
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

// Without a file descriptor the limit cannot be read: that is no reason to take physical memory.
TEST(LinuxOs, MemoryIsNotKnownWithoutFiles) {
    if (access("/proc/self/cgroup", R_OK) != 0) GTEST_SKIP() << "there are no cgroups";
    EXPECT_EQ(InChild([] {
                  const rlimit few = {64, 64};
                  if (setrlimit(RLIMIT_NOFILE, &few) != 0) return false;
                  while (dup(0) >= 0) continue;
                  return zm_os_known_memory() == 0 && zm_os_usable_memory() != 0;
              }),
              0);
}

// A chroot hides the files, and not the limits.
TEST(LinuxOs, MemoryIsNotKnownAfterAChroot) {
    size_t limit;
    if (geteuid() != 0) GTEST_SKIP() << "only root may";
    if (zm_linux_cgroup_limit("", &limit) != ZM_LINUX_CGROUPS_READ) {
        GTEST_SKIP() << "no memory cgroup can be read here";
    }
    (void)zm_os_usable_memory();
    EXPECT_EQ(InChild([] {
                  return chroot(testing::TempDir().c_str()) != 0 || zm_os_known_memory() == 0;
              }),
              0);
}

// exec closes both ends.
TEST(LinuxOs, PipeIsClosedByExec) {
    int fds[2];
    ASSERT_TRUE(zm_os_pipe(fds));
    for (int fd : fds) {
        EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
    }
}

}  // namespace
