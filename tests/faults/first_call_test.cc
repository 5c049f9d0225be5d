// The first call of a thread, and of a process, without memory: it returns NULL or calls the
// out-of-memory handler, and later calls work.
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <string_view>
#include <thread>

#include "tests/support.h"
#include "zmalloc/allocator/failing/failing.h"
#include "zmalloc/defrag.h"
#include "zmalloc/stats.h"

namespace zmalloc_test {
namespace {

constexpr size_t kThreads = 8;

// ---- Threads ------------------------------------------------------------------

bool Limit(rlim_t bytes) {
    const rlimit limit = {bytes, RLIM_INFINITY};
    return setrlimit(RLIMIT_AS, &limit) == 0;
}

// ThreadSanitizer's own runtime would not survive a limit: under it the allocator's calls of mmap
// fail instead.
bool TakeAway() {
    if (!kThreadSanitizer) return Limit(rlim_t{64} << 20);
    zm_failing_plan plan = {};
    plan.from = 1;
    zm_failing_begin(&plan);
    return true;
}

bool GiveBack() {
    if (!kThreadSanitizer) return Limit(RLIM_INFINITY);
    return zm_failing_end().injected > 0;
}

struct FirstCall {
    const char *name;
    // Gets a block that another thread allocated, and frees it.
    void (*call)(void *given);
};

std::ostream &operator<<(std::ostream &out, const FirstCall &call) { return out << call.name; }

std::atomic<size_t> handler_calls;

// The call may succeed: the allocator may still have a block of 100 bytes.
void Free(void *block) { zfree(block); }

const FirstCall kFirstCalls[] = {
    {"ztrymalloc", [](void *given) { Free(ztrymalloc(100)), Free(given); }},
    {"ztrymalloc_page", [](void *given) { Free(ztrymalloc(5000)), Free(given); }},
    {"ztrymalloc_large", [](void *given) { Free(ztrymalloc(100000)), Free(given); }},
    {"zmalloc", [](void *given) { Free(zmalloc(100)), Free(given); }},
    {"ztrycalloc", [](void *given) { Free(ztrycalloc(100)), Free(given); }},
    {"ztrymalloc_usable", [](void *given) { Free(ztrymalloc_usable(100, nullptr)), Free(given); }},
    {"ztrymalloc_aligned", [](void *given) { Free(ztrymalloc_aligned(64, 100)), Free(given); }},
    {"zmalloc_with_flags", [](void *given) { Free(zmalloc_with_flags(100, 0)), Free(given); }},
    {"zmalloc_no_tcache", [](void *given) { Free(zmalloc_no_tcache(100)), Free(given); }},
    {"ztryrealloc",
     [](void *given) {
         void *resized = ztryrealloc(given, 5000);
         Free(resized != nullptr ? resized : given);
     }},
    {"zfree", [](void *given) { Free(given); }},
    {"zfree_with_size", [](void *given) { zfree_with_size(given, 100); }},
    {"zfree_no_tcache", [](void *given) { zfree_no_tcache(given); }},
    {"zmalloc_size",
     [](void *given) {
         EXPECT_GE(zmalloc_size(given), 100u);
         Free(given);
     }},
    {"zmalloc_stats",
     [](void *given) {
         zmalloc_stats_t info;
         EXPECT_EQ(zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1), 0);
         Free(given);
     }},
    {"zmalloc_get_frag_smallbins", [](void *given) { zmalloc_get_frag_smallbins(), Free(given); }},
    {"zmalloc_should_defrag", [](void *given) { (void)zmalloc_should_defrag(given), Free(given); }},
    {"zmalloc_defrag",
     [](void *given) {
         void *moved = zmalloc_defrag(given);
         Free(moved != nullptr ? moved : given);
     }},
    {"zmalloc_purge", [](void *given) { zmalloc_purge(), Free(given); }},
    {"zmalloc_used_memory", [](void *given) { zmalloc_used_memory(), Free(given); }},
};

// Takes all memory, as a list that goes through the blocks themselves.
void *TakeAll() {
    void *list = nullptr;
    for (size_t size = size_t{64} << 20; size >= sizeof(void *); size /= 2) {
        while (void **block = static_cast<void **>(ztrymalloc(size))) {
            *block = list;
            list = block;
        }
    }
    return list;
}

void FreeAll(void *list) {
    while (list != nullptr) {
        void *next = *static_cast<void **>(list);
        zfree(list);
        list = next;
    }
}

bool ThreadsBegin(const FirstCall &first) {
    pthread_barrier_t begin, called, again;
    pthread_barrier_init(&begin, nullptr, kThreads + 1);
    pthread_barrier_init(&called, nullptr, kThreads + 1);
    pthread_barrier_init(&again, nullptr, kThreads + 1);
    void *given[kThreads];
    for (void *&block : given) block = zmalloc(100);
    zmalloc_set_oom_handler([](size_t) { handler_calls++; });
    std::atomic<size_t> met{0};
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; i++) {
        threads.emplace_back([&, i] {
            pthread_barrier_wait(&begin);
            first.call(given[i]);
            pthread_barrier_wait(&called);
            pthread_barrier_wait(&again);
            for (size_t size : {100, 5000, 100000}) {
                void *block = ztrymalloc(size);
                if (block != nullptr) met++;
                zfree(block);
            }
        });
    }
    // glibc gives more than asked for where the rest would be too small for a block.
    size_t used_by_others = zmalloc_used_memory();
    for (void *block : given) used_by_others -= zmalloc_size(block);
    CHILD_CHECK(TakeAway());
    void *all = TakeAll();
    pthread_barrier_wait(&begin);
    pthread_barrier_wait(&called);
    FreeAll(all);
    CHILD_CHECK(GiveBack());
    pthread_barrier_wait(&again);
    for (std::thread &thread : threads) thread.join();
    CHILD_CHECK(met == kThreads * 3);
    CHILD_CHECK(zmalloc_used_memory() == used_by_others);
    return true;
}

class FirstCallOfThreads : public testing::TestWithParam<FirstCall> {};

TEST_P(FirstCallOfThreads, WithoutMemory) {
    if (OverSanitizersMalloc()) GTEST_SKIP() << "the sanitizer took its address space at the start";
    if (Emulated()) GTEST_SKIP() << "qemu sets no limit to address space";
    const auto begin = [] { return ThreadsBegin(GetParam()); };
    EXPECT_TRUE(kThreadsOfChildrenHang ? testing::AssertionResult(begin()) : InChild(begin));
}

INSTANTIATE_TEST_SUITE_P(All, FirstCallOfThreads, testing::ValuesIn(kFirstCalls),
                         [](const auto &info) { return std::string(info.param.name); });

// ---- Processes ------------------------------------------------------------------

constexpr char kBegins[] = "ZMALLOC_TEST_BEGINS";

// The process's address space ends soon after it began; this runs before all else in it.
__attribute__((constructor(101))) void Begins() {
    const char *how = std::getenv(kBegins);
    if (how == nullptr) return;
    if (std::string_view(how) == "idle") _exit(0);
    static size_t asked;
    zmalloc_set_oom_handler([](size_t size) { asked = size; });
    void *block = ztrymalloc(100);
    if (block != nullptr) *static_cast<char *>(block) = 1;
    zfree(block);
    const bool told = asked == 0;
    block = zmalloc(100);
    const bool met = block != nullptr;
    zfree(block);
    _exit(told && met == (asked == 0) && zmalloc_used_memory() == 0 ? 0 : 1);
}

// How such a process ends: its wait status.
int StatusOf(const char *how, rlim_t limit) {
    const pid_t child = fork();
    if (child == 0) {
        char name[] = "/proc/self/exe", *arguments[] = {name, nullptr};
        setenv(kBegins, how, 1);
        if (!Limit(limit) || freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
        execv(name, arguments);
        _exit(127);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}

TEST(FirstCallOfProcesses, WithoutMemory) {
    if (kSanitized) GTEST_SKIP() << "the sanitizer takes its address space at the start";
    if (Emulated()) GTEST_SKIP() << "qemu sets no limit to address space";
    int began = 0;
    for (rlim_t limit = 4 << 20; limit <= 24 << 20; limit += 256 << 10) {
        // The kernel and the loader end a process that there is no room for.
        if (StatusOf("idle", limit) != 0) continue;
        const int status = StatusOf("first call", limit);
        // gperftools prints a line and ends the program by a trap (docs/robustness.md).
        const bool is_tcmalloc = std::string(zmalloc_allocator_name()).rfind("tcmalloc", 0) == 0;
        const bool is_trap =
            WIFSIGNALED(status) && (WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGILL);
        if (is_tcmalloc && is_trap) continue;
        ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status) << " at " << limit;
        ASSERT_EQ(WEXITSTATUS(status), 0) << "at " << limit;
        began++;
    }
    EXPECT_GT(began, 20);
}

}  // namespace
}  // namespace zmalloc_test
