// A handler that interrupts every instruction makes the calls that zmalloc.h says are
// async-signal-safe.  It interrupts a thread's first call and its end, when its counter comes and
// goes; allocation of each size; and fork.
#include <pthread.h>

#include "tests/signals/stepper.h"
#include "tests/support.h"
#include "zmalloc/zone.h"

namespace zmalloc_test {
namespace {

// The most that a thread holds here: old block and new one of a zrealloc.
constexpr size_t kMost = 2 * kMiB;

size_t least_used;  // the memory in use before
zmalloc_zone_t *zone;
bool wrong;

void Read() {
    const int saved = errno, mark = 4321;
    errno = mark;
    const size_t used = zmalloc_used_memory(), peak = zmalloc_peak_memory();
    zmalloc_peak_memory_reset();
    if (zmalloc_allocator_name()[0] == '\0') wrong = true;
    if (used < least_used || used > least_used + kMost) wrong = true;
    if (zmalloc_zone_bytes(zone) > kMost || zmalloc_zone_blocks(zone) > 1) wrong = true;
    if (peak < used || errno != mark) wrong = true;
    errno = saved;
}

class EveryInstruction : public testing::Test {
  protected:
    void SetUp() override {
        if (Emulated()) GTEST_SKIP() << "the emulator cannot be watched";
        block_ = zmalloc(1000);  // so that a sum that is too low shows
        least_used = zmalloc_used_memory();
        zone = zmalloc_zone_create("interrupted");
        wrong = false;
    }
    void TearDown() override {
        EXPECT_TRUE(zone == nullptr || zmalloc_zone_destroy(zone) == 0);
        zfree(block_);
    }

    static void ExpectSafe(const std::function<void()> &body) {
        // jemalloc takes many instructions at a thread's start and at a fork.
        const size_t every = Variant().allocator == "jemalloc" ? 11 : 1;
        const size_t interruptions = RunInSteps(
            body, Read, [] { return !wrong && zmalloc_used_memory() == least_used; }, every);
        EXPECT_GT(interruptions, 300u);
        RecordProperty("interruptions", std::to_string(interruptions));
    }

  private:
    void *block_ = nullptr;
};

TEST_F(EveryInstruction, OfAThreadsLife) {
    ExpectSafe([] {
        BeginSteps();
        zfree(zmalloc(100));
        zfree_in(zone, zmalloc_in(zone, 100));
    });
}

// Sizes are small, because each byte that is copied counts as an instruction.
void Allocate() {
    zfree(zrealloc(zmalloc(100), 200));
    zfree(zrealloc(zmalloc(5000), 100));
    zfree(zmalloc(300000));
    zfree_in(zone, zrealloc_in(zone, zmalloc_in(zone, 100), 200));
    zmalloc_zone_destroy(zmalloc_zone_create("short"));
}

TEST_F(EveryInstruction, OfCalls) {
    ExpectSafe([] {
        Allocate();
        BeginSteps();
        Allocate();
    });
}

TEST_F(EveryInstruction, OfFork) {
    ExpectSafe([] {
        void *block = zmalloc(100);
        BeginSteps();
        const pid_t child = fork();
        if (child == 0) {
            zfree(block);
            _exit(zmalloc_used_memory() == least_used ? 0 : 1);
        }
        int status = -1;
        if (waitpid(child, &status, 0) != child || status != 0) wrong = true;
        zfree(block);
    });
}

}  // namespace
}  // namespace zmalloc_test
