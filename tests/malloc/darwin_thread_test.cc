// Which allocator serves a thread on macOS (malloc/darwin/thread.h).  The system is a fake one.
#include <string>

#include "gtest/gtest.h"
#include "malloc/darwin/system.h"
#include "malloc/darwin/thread.h"

namespace {

// The fake system: one thread at a time, and what happened in it.
unsigned mark;
void (*at_end)(void *);
std::string events;

// What a call of malloc inside of the system's function would get.
void Note(const char *event) {
    static const char *const served[] = {" by system", " by us", " forking"};
    events += std::string(event) + served[zm_thread_served()] + "; ";
}

void StartAllocator() { Note("starts"); }

const char kBegins[] = "memory by system; end by system; ";

class DarwinThread : public testing::Test {
  protected:
    // The first thread.
    static void SetUpTestSuite() {
        before_start = zm_thread_served();
        started_before = zm_threads_started();
        events.clear();
        zm_threads_start(StartAllocator);
        start = events;
    }

    // A new thread.
    void SetUp() override {
        mark = 0;
        at_end = nullptr;
        events.clear();
    }

    static zm_served before_start;
    static bool started_before;
    static std::string start;
};

zm_served DarwinThread::before_start;
bool DarwinThread::started_before;
std::string DarwinThread::start;

TEST_F(DarwinThread, SystemServesUntilTheAllocatorHasStarted) {
    EXPECT_EQ(before_start, ZM_BY_SYSTEM);
    EXPECT_FALSE(started_before);
    EXPECT_EQ(start, std::string(kBegins) + "starts by system; ");
    EXPECT_TRUE(zm_threads_started());
}

TEST_F(DarwinThread, GetsItsMemoryOnceAndFromTheSystem) {
    EXPECT_EQ(zm_thread_served(), ZM_BY_US);
    EXPECT_EQ(events, kBegins);
    EXPECT_EQ(zm_thread_served(), ZM_BY_US);
    EXPECT_EQ(events, kBegins);
}

TEST_F(DarwinThread, SystemServesFromItsEndOn) {
    ASSERT_EQ(zm_thread_served(), ZM_BY_US);
    at_end(nullptr);
    EXPECT_EQ(zm_thread_served(), ZM_BY_SYSTEM);
    EXPECT_EQ(zm_thread_served(), ZM_BY_SYSTEM);
    EXPECT_EQ(events, kBegins);
}

// The system's order: thread-local memory goes, the mark goes, destructors of other keys run.
TEST_F(DarwinThread, ItsEndOutlastsTheMark) {
    ASSERT_EQ(zm_thread_served(), ZM_BY_US);
    at_end(nullptr);
    mark = 0;
    zm_thread_end(nullptr);
    EXPECT_EQ(zm_thread_served(), ZM_BY_SYSTEM);
    EXPECT_EQ(events, kBegins);
}

TEST_F(DarwinThread, ForkEndsWhereItBegan) {
    ASSERT_EQ(zm_thread_served(), ZM_BY_US);
    zm_thread_before_fork();
    EXPECT_EQ(zm_thread_served(), ZM_FORKING);
    zm_thread_after_fork();
    EXPECT_EQ(zm_thread_served(), ZM_BY_US);
}

// Inside of the fork it could not get its memory.
TEST_F(DarwinThread, ForkOfANewThreadBeginsIt) {
    zm_thread_before_fork();
    EXPECT_EQ(events, kBegins);
    EXPECT_EQ(zm_thread_served(), ZM_FORKING);
    zm_thread_after_fork();
    EXPECT_EQ(zm_thread_served(), ZM_BY_US);
}

TEST_F(DarwinThread, ForkOfAThreadThatEndsChangesNothing) {
    ASSERT_EQ(zm_thread_served(), ZM_BY_US);
    at_end(nullptr);
    zm_thread_before_fork();
    EXPECT_EQ(zm_thread_served(), ZM_BY_SYSTEM);
    zm_thread_after_fork();
    EXPECT_EQ(zm_thread_served(), ZM_BY_SYSTEM);
}

}  // namespace

extern "C" {

unsigned zm_system_mark(void) { return mark; }
void zm_system_set_mark(unsigned value) { mark = value; }

void zm_system_make_thread_memory(void) { Note("memory"); }

void zm_system_call_at_end(void (*function)(void *)) {
    at_end = function;
    Note("end");
}

}  // extern "C"
