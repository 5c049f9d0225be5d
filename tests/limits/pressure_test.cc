// The thread that gives memory back.
#include "zmalloc/pressure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/support.h"
#include "zmalloc/limit.h"

extern "C" int je_mallctl(const char *name, void *old_value, size_t *old_size, void *new_value,
                          size_t new_size) __attribute__((weak));

namespace zmalloc_test {
namespace {

using std::chrono::steady_clock;

// Waits for at most 20 seconds.
bool Becomes(const std::function<bool()> &condition) {
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

struct Told {
    std::atomic<int> on{0}, off{0};
    std::atomic<size_t> rss{0};
};

void Tell(void *arg, bool pressure, size_t rss) {
    Told *told = static_cast<Told *>(arg);
    if (told == nullptr) return;
    told->rss = rss;
    (pressure ? told->on : told->off)++;
    zfree(zmalloc(1000));
}

zmalloc_pressure_t Settings(Told *told, size_t memory) {
    zmalloc_pressure_t settings = {};
    settings.callback = Tell;
    settings.arg = told;
    settings.memory = memory;
    settings.interval_ms = 10;
    return settings;
}

// Stops the thread however a test ends.
class Pressure {
  public:
    explicit Pressure(const zmalloc_pressure_t &settings) {
        EXPECT_EQ(zmalloc_pressure_start(&settings), 0);
    }
    ~Pressure() { zmalloc_pressure_stop(); }
};

#ifdef __linux__
// The names of this process's threads.
std::vector<std::string> ThreadNames() {
    std::vector<std::string> names;
    std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen("cat /proc/$PPID/task/*/comm", "r"), pclose);
    char line[64];
    while (std::fgets(line, sizeof line, pipe.get()) != nullptr) names.push_back(line);
    return names;
}

size_t Named() {
    const std::vector<std::string> names = ThreadNames();
    return static_cast<size_t>(std::count(names.begin(), names.end(), "zm-pressure\n"));
}

TEST(Pressure, HasANameAndEnds) {
    if (Emulated()) GTEST_SKIP() << "qemu does not run what a shell starts";
    EXPECT_EQ(Named(), 0u);
    ASSERT_EQ(zmalloc_pressure_start(nullptr), 0);
    EXPECT_EQ(zmalloc_pressure_start(nullptr), -1);  // there is one
    EXPECT_TRUE(Becomes([] { return Named() == 1; }));
    zmalloc_pressure_stop();
    EXPECT_EQ(Named(), 0u);
    zmalloc_pressure_stop();  // nothing to do
}
#endif

TEST(Pressure, BadSettings) {
    zmalloc_pressure_t settings = {};
    settings.high_percent = 101;
    EXPECT_EQ(zmalloc_pressure_start(&settings), -1);
    settings.high_percent = 0;
    settings.free_percent = 101;
    EXPECT_EQ(zmalloc_pressure_start(&settings), -1);
}

TEST(Pressure, IsToldOnceEachWay) {
    if (zmalloc_get_rss() == 0) GTEST_SKIP() << "the system does not tell resident memory";
    Told told;
    // Resident memory is far above 90 % of this, and far below that of the second one.
    {
        Pressure pressure(Settings(&told, zmalloc_get_rss() / 2));
        EXPECT_TRUE(Becomes([&] { return told.on == 1; }));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        EXPECT_EQ(told.on, 1);
        EXPECT_GT(told.rss, 0u);
    }
    EXPECT_EQ(told.off, 0);
    Told calm;
    {
        Pressure pressure(Settings(&calm, size_t{1} << 40));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(calm.on, 0);
}

// The soft limit is pressure too; a second after it is not crossed any more, there is none.
TEST(Pressure, OfTheSoftLimit) {
    Told told;
    void *block = zmalloc(4 * kMiB);
    Pressure pressure(Settings(&told, size_t{1} << 40));
    zmalloc_set_limit(2 * kMiB, 0, nullptr, nullptr);
    EXPECT_TRUE(Becomes([&] { return told.on == 1; }));
    zfree(block);
    EXPECT_TRUE(Becomes([&] { return told.off == 1; }));
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_EQ(told.on, 1);
}

// Touches blocks of this size, and frees them.
void UseAndFree(size_t size, size_t bytes) {
    std::vector<char *> blocks(bytes / size);
    for (char *&block : blocks) {
        block = static_cast<char *>(zmalloc(size));
        std::memset(block, 1, size);
    }
    for (char *block : blocks) zfree(block);
}

// The free memory of the allocator is given back without any pressure, when it is a large share.
TEST(Pressure, GivesFreeMemoryBack) {
    if (!GivesBack() || OverSanitizersMalloc() || kShadowed || Emulated()) {
        GTEST_SKIP() << "the allocator does not give back, or the system does not tell";
    }
    if (zmalloc_get_rss() == 0) GTEST_SKIP() << "the system does not tell resident memory";
    constexpr size_t kUsed = 200 * kMiB;
    const size_t before = zmalloc_get_rss();
    Told told;
    // In a thread that ends: mimalloc keeps what other live threads have freed.
    std::thread([] { UseAndFree(30000, kUsed); }).join();
    Pressure pressure(Settings(&told, before + 2 * kUsed));
    EXPECT_TRUE(Becomes([&] { return zmalloc_get_rss() < before + kUsed / 4; }))
        << zmalloc_get_rss() / kMiB << " MiB, before " << before / kMiB;
    EXPECT_EQ(told.on, 0);
}

TEST(Pressure, AfterFork) {
    Told told;
    Pressure pressure(Settings(&told, size_t{1} << 40));
    EXPECT_TRUE(InChild([&] {
        zmalloc_pressure_stop();  // there is none
        if (kThreadsOfChildrenHang) return true;
        Told own;
        const zmalloc_pressure_t settings = Settings(&own, 1000);
        CHILD_CHECK(zmalloc_pressure_start(&settings) == 0);
        CHILD_CHECK(zmalloc_get_rss() == 0 || Becomes([&] { return own.on == 1; }));
        zmalloc_pressure_stop();
        return true;
    }));
}

// Forks at all moments of the thread's work.
TEST(Pressure, ForkWhileItWorks) {
    if (Emulated()) GTEST_SKIP() << "a forked child of qemu may find qemu's own locks held";
    Told told;
    zmalloc_pressure_t settings = Settings(&told, 1000);
    settings.interval_ms = 1;
    Pressure pressure(settings);
    for (int i = 0; i < 100; i++) {
        ASSERT_TRUE(InChild([] {
            UseAndFree(5000, 100000);
            return true;
        }));
    }
}

// A child in which the thread runs ends by exit().
TEST(Pressure, EndsAtExit) {
    if (kThreadsOfChildrenHang) GTEST_SKIP() << "threads of the child hang";
    const pid_t child = fork();
    if (child == 0) {
        alarm(30);
        std::exit(zmalloc_pressure_start(nullptr) == 0 ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

// exit() goes on although the callback never returns.
TEST(Pressure, ExitsWhileTheCallbackWaits) {
    if (kThreadsOfChildrenHang) GTEST_SKIP() << "threads of the child hang";
    if (zmalloc_get_rss() == 0) GTEST_SKIP() << "the system does not tell resident memory";
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        static std::atomic<bool> waits{false};
        alarm(60);
        zmalloc_pressure_t settings = Settings(nullptr, 1000);
        settings.callback = [](void *, bool, size_t) {
            waits = true;
            for (;;) pause();
        };
        if (zmalloc_pressure_start(&settings) != 0) _exit(1);
        std::exit(Becomes([] { return waits.load(); }) ? 0 : 2);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

// Files that are open and were not in `before`.
std::vector<int> NewFiles(const std::vector<int> &before) {
    std::vector<int> files;
    for (int fd = 0; fd < 256; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 && std::count(before.begin(), before.end(), fd) == 0) {
            files.push_back(fd);
        }
    }
    return files;
}

// Another process may have the pipe by which the thread is told to end.
TEST(Pressure, EndsWhileOthersHaveItsFiles) {
    const std::vector<int> before = NewFiles({});
    std::vector<int> copies;
    {
        Pressure pressure(Settings(nullptr, size_t{1} << 40));
        for (int fd : NewFiles(before)) copies.push_back(dup(fd));
        zmalloc_pressure_stop();
    }
    for (int fd : copies) close(fd);
    EXPECT_GE(copies.size(), 2u);
    EXPECT_EQ(NewFiles(before), std::vector<int>());
}

TEST(Pressure, ThreadsStartAndStopItAtOnce) {
    std::atomic<int> started{0};
    const std::vector<int> before = NewFiles({});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([&] {
            for (int j = 0; j < 50; j++) {
                zmalloc_pressure_t settings = Settings(nullptr, size_t{1} << 40);
                settings.callback = nullptr;
                started += zmalloc_pressure_start(&settings) == 0;
                zmalloc_pressure_stop();
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    EXPECT_GT(started, 0);
    EXPECT_EQ(NewFiles(before), std::vector<int>());
}

// Each thread allocates less than makes it look at the limit; together they are above it.
TEST(Pressure, TellsACrossingThatNoThreadHasNoticed) {
    constexpr int kThreads = 64;
    static std::atomic<int> above{0}, below{0};
    above = below = 0;
    zmalloc_set_limit(
        zmalloc_used_memory() + 4 * kMiB, 0,
        [](void *, bool is, size_t) { (is ? above : below)++; }, nullptr);
    Told told;
    Pressure pressure(Settings(&told, size_t{1} << 40));
    std::atomic<int> filled{0}, freed{0};
    std::atomic<bool> free_now{false}, end{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++) {
        threads.emplace_back([&] {
            std::vector<void *> blocks;
            for (int j = 0; j < 118; j++) blocks.push_back(zmalloc(1000));
            filled++;
            while (!free_now) std::this_thread::yield();
            for (void *block : blocks) zfree(block);
            freed++;
            while (!end) std::this_thread::yield();
        });
    }
    EXPECT_TRUE(Becomes([&] { return filled == kThreads && above == 1; }));
    free_now = true;
    EXPECT_TRUE(Becomes([&] { return freed == kThreads && below == 1; }));
    end = true;
    for (std::thread &thread : threads) thread.join();
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_EQ(above, 1);
}

#ifdef __linux__
// Opens files until there can be none more, several times: the thread may just have one.
bool UseUpFiles() {
    const rlimit few = {64, 64};
    CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int i = 0; i < 20; i++) {
        while (dup(0) >= 0) continue;
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    return true;
}

// Without a file descriptor neither resident memory nor the cgroup's limit can be read.
TEST(Pressure, StaysWithoutFiles) {
    if (kThreadsOfChildrenHang) GTEST_SKIP() << "threads of the child hang";
    if (zmalloc_get_rss() == 0) GTEST_SKIP() << "the system does not tell resident memory";
    if (access("/proc/self/cgroup", R_OK) != 0) GTEST_SKIP() << "there are no cgroups";
    EXPECT_TRUE(InChild([] {
        Told told;
        const zmalloc_pressure_t settings = Settings(&told, 1000);
        CHILD_CHECK(zmalloc_pressure_start(&settings) == 0);
        CHILD_CHECK(Becomes([&] { return told.on == 1; }));
        CHILD_CHECK(UseUpFiles());
        CHILD_CHECK(zmalloc_limit_from_cgroup(0, 80, nullptr, nullptr) == -1);
        std::this_thread::sleep_for(std::chrono::milliseconds(1500));
        CHILD_CHECK(zmalloc_get_rss() == 0 && told.off == 0);
        zmalloc_pressure_stop();
        return true;
    }));
}
#endif

ssize_t Decay(const std::string &name) {
    ssize_t value = -2;
    size_t size = sizeof value;
    EXPECT_EQ(je_mallctl((name + ".dirty_decay_ms").c_str(), &value, &size, nullptr, 0), 0) << name;
    return value;
}

void SetDecay(const std::string &name, ssize_t value) {
    EXPECT_EQ(
        je_mallctl((name + ".dirty_decay_ms").c_str(), nullptr, nullptr, &value, sizeof value), 0)
        << name;
}

// Under pressure jemalloc's decay is short, but where the program chose one.
TEST(Pressure, LeavesChosenDecayAlone) {
    if (je_mallctl == nullptr) GTEST_SKIP() << "not over jemalloc";
    if (zmalloc_get_rss() == 0) GTEST_SKIP() << "the system does not tell resident memory";
    unsigned arena = 0;
    size_t size = sizeof arena;
    ASSERT_EQ(je_mallctl("arenas.create", &arena, &size, nullptr, 0), 0);
    const std::string mine = "arena." + std::to_string(arena);
    const ssize_t usual = Decay("arenas");
    ASSERT_GT(usual, 1000);
    for (ssize_t chosen : {ssize_t{-1}, ssize_t{1000}, ssize_t{30000}}) {
        SetDecay(mine, chosen);
        {
            Told told;
            Pressure pressure(Settings(&told, 1000));
            EXPECT_TRUE(
                Becomes([&] { return Decay("arenas") == 1000 && Decay("arena.0") == 1000; }));
            EXPECT_EQ(Decay(mine), chosen);
        }
        EXPECT_EQ(Decay("arenas"), usual);
        EXPECT_EQ(Decay("arena.0"), usual);
        EXPECT_EQ(Decay(mine), chosen);
    }
}

// In the all-clear the callback is called before the decay is as usual; a child has it as usual.
TEST(Pressure, ForkInTheAllClear) {
    if (je_mallctl == nullptr) GTEST_SKIP() << "not over jemalloc";
    static ssize_t usual;
    static std::atomic<int> fine{0};
    usual = Decay("arenas");
    void *block = zmalloc(4 * kMiB);
    zmalloc_pressure_t settings = Settings(nullptr, size_t{1} << 40);
    settings.callback = [](void *, bool on, size_t) {
        if (on) return;
        fine = InChild([] {
            CHILD_CHECK(Decay("arenas") == usual && Decay("arena.0") == usual);
            return true;
        })
                   ? 1
                   : -1;
    };
    Pressure pressure(settings);
    zmalloc_set_limit(2 * kMiB, 0, nullptr, nullptr);
    EXPECT_TRUE(Becomes([] { return Decay("arenas") == 1000; }));
    zfree(block);
    EXPECT_TRUE(Becomes([&] { return fine != 0; }));
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_EQ(fine, 1);
}

}  // namespace
}  // namespace zmalloc_test
