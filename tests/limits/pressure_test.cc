// The thread that gives memory back.
#include "zmalloc/pressure.h"

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/support.h"
#include "zmalloc/limit.h"

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

}  // namespace
}  // namespace zmalloc_test
