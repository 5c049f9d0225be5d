// Sets environment variables of zmalloc and the allocators, for a program that has more rights than
// its user and for one that has not.  The second shows that the variable has an effect, which the
// first must ignore.
#include <grp.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support.h"
#include "zmalloc/guard/pool.h"

// tcmalloc's, where it is linked.
extern "C" __attribute__((weak)) int MallocExtension_GetNumericProperty(const char *property,
                                                                        size_t *value);

namespace zmalloc_test {
namespace {

constexpr size_t kCacheBytes = kMiB;  // of thread caches; not the default

// Both forms of the program run this; it fails when a variable has an effect.
TEST(Started, DISABLED_Allocates) {
    void *block = ztrymalloc(64 * kMiB);
    EXPECT_NE(block, nullptr);
    zfree(block);
    block = zmalloc(10);
    EXPECT_FALSE(zm_pool_has(block));
    zfree(block);
    size_t cache_bytes = 0;
    if (MallocExtension_GetNumericProperty != nullptr) {
        EXPECT_TRUE(MallocExtension_GetNumericProperty("tcmalloc.max_total_thread_cache_bytes",
                                                       &cache_bytes));
    }
    EXPECT_NE(cache_bytes, kCacheBytes);
}

TEST(Started, DISABLED_HasMoreRights) { EXPECT_NE(getauxval(AT_SECURE), 0u); }

// Whether the program ends well when started with these variables.
bool EndsWell(const std::string &program, const char *test, std::vector<std::string> variables) {
    const std::string filter = std::string("--gtest_filter=Started.DISABLED_") + test;
    const char *arguments[] = {program.c_str(), filter.c_str(), "--gtest_also_run_disabled_tests",
                               nullptr};
    std::vector<char *> environment;
    for (std::string &variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        if (!std::freopen("/dev/null", "w", stdout)) _exit(1);
        execve(arguments[0], const_cast<char **>(arguments), environment.data());
        _exit(127);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status == 0;
}

// A group, not the process's own, to which the process may give its files.
gid_t OtherGroup() {
    if (geteuid() == 0) return getegid() + 1;
    gid_t groups[64];
    const int count = getgroups(64, groups);
    for (int i = 0; i < count; i++) {
        if (groups[i] != getegid()) return groups[i];
    }
    return getegid();
}

class EnvironmentTest : public testing::Test {
  protected:
    EnvironmentTest()
        : folder_(std::string(std::getenv("TEST_TMPDIR")) + "/" + std::to_string(getpid())),
          plain_(folder_ + "/plain"),
          privileged_(folder_ + "/privileged") {}

    void SetUp() override {
        if (Emulated()) GTEST_SKIP() << "the emulator has the rights, not the program";
        std::filesystem::create_directories(folder_);
        std::filesystem::copy_file(Self(), plain_);
        std::filesystem::copy_file(Self(), privileged_);
        if (chown(privileged_.c_str(), static_cast<uid_t>(-1), OtherGroup()) != 0 ||
            chmod(privileged_.c_str(), 02755) != 0 || !EndsWell(privileged_, "HasMoreRights", {})) {
            GTEST_SKIP() << "no program can be given a group's rights here";
        }
        ASSERT_FALSE(EndsWell(plain_, "HasMoreRights", {}));
        ASSERT_TRUE(EndsWell(plain_, "Allocates", {}));
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void ExpectIgnored(const std::vector<std::string> &variables) {
        EXPECT_FALSE(EndsWell(plain_, "Allocates", variables)) << variables[0];
        EXPECT_TRUE(EndsWell(privileged_, "Allocates", variables)) << variables[0];
    }

    const std::string folder_, plain_, privileged_;
};

TEST_F(EnvironmentTest, OfZmalloc) {
    ExpectIgnored({"ZMALLOC_GUARD_SAMPLE=1/1"});
    ExpectIgnored({"ZMALLOC_LIMIT=32M"});  // less than the program allocates
}

TEST_F(EnvironmentTest, OfTheAllocator) { ExpectIgnored({std::string(Variant().environment)}); }

TEST_F(EnvironmentTest, OfTcmalloc) {
    if (Variant().source != "gperftools") GTEST_SKIP() << "another allocator";
    ExpectIgnored({"TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES=" + std::to_string(kCacheBytes)});
    // tcmalloc would create a file there, and its pages would become blocks.
    ExpectIgnored({"TCMALLOC_MEMFS_MALLOC_PATH=" + folder_ + "/file", "TCMALLOC_MEMFS_LIMIT_MB=16",
                   "TCMALLOC_MEMFS_DISABLE_FALLBACK=1"});
}

// The profiler writes files wherever it is told.
TEST_F(EnvironmentTest, OfTcmallocsProfiler) {
    if (Variant().allocator != "tcmalloc") GTEST_SKIP() << "not tcmalloc";
    const std::string profile = folder_ + "/profile", written = profile + ".0001.heap";
    EXPECT_TRUE(EndsWell(privileged_, "Allocates", {"HEAPPROFILE=" + profile}));
    EXPECT_FALSE(std::filesystem::exists(written));
    EXPECT_TRUE(EndsWell(plain_, "Allocates", {"HEAPPROFILE=" + profile}));
    EXPECT_TRUE(std::filesystem::exists(written));
}

}  // namespace
}  // namespace zmalloc_test
