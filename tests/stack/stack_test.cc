// Measures how much of its caller's stack each public function takes, with the allocator and the
// libc: 4 KiB at most, so that it can be called from a thread of the smallest size, a coroutine or
// a signal handler's stack.
#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "tests/faults/declared.h"
#include "tests/support.h"
#include "zmalloc/defrag.h"
#include "zmalloc/limit.h"
#include "zmalloc/pressure.h"
#include "zmalloc/profile.h"
#include "zmalloc/stats.h"
#include "zmalloc/zone.h"

namespace zmalloc_test {
namespace {

constexpr size_t kLimit = 4096;
constexpr unsigned char kPaint = 0xa5;

// ---- Measuring ----------------------------------------------------------------

__attribute__((noinline)) unsigned char *Here() {
    return static_cast<unsigned char *>(__builtin_frame_address(0));
}

__attribute__((noinline)) void Paint(volatile unsigned char *low) {
    const volatile unsigned char *end = Here() - 256;
    while (low < end) *low++ = kPaint;
}

// A thread's stack, and how far below a call it was written to.
class Stack {
  public:
    explicit Stack(size_t size = 512 << 10) : size_(size) {
        void *pages =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EXPECT_NE(pages, MAP_FAILED);
        low_ = static_cast<unsigned char *>(pages);
    }
    ~Stack() { munmap(low_, size_); }
    Stack(const Stack &) = delete;

    // Makes the call so many times in a new thread.
    void Run(void (*call)(), int times) {
        call_ = call;
        times_ = times;
        pthread_attr_t attributes;
        pthread_t thread;
        pthread_attr_init(&attributes);
        ASSERT_EQ(pthread_attr_setstack(&attributes, low_, size_), 0);
        ASSERT_EQ(pthread_create(&thread, &attributes, Body, this), 0);
        pthread_join(thread, nullptr);
        pthread_attr_destroy(&attributes);
    }

    // How deep the last run has gone so far.
    size_t Depth() const {
        const unsigned char *lowest = low_;
        while (*lowest == kPaint) lowest++;
        return static_cast<size_t>(top_ - lowest);
    }

  private:
    static void *Body(void *self) {
        for (int i = 0; i < static_cast<Stack *>(self)->times_; i++) {
            static_cast<Stack *>(self)->Call();
        }
        return nullptr;
    }

    __attribute__((noinline)) void Call() {
        top_ = Here();
        Paint(low_);
        call_();
    }

    const size_t size_;
    unsigned char *low_, *top_ = nullptr;
    void (*call_)() = nullptr;
    int times_ = 0;
};

// Some functions may take so much.  A libc's printf may take more than the limit by itself:
// musl's takes 8 KiB.
size_t LimitWithPrintf() {
    Stack stack;
    stack.Run(
        [] {
            char line[32];
            (void)std::snprintf(line, sizeof line, "%zu %.2f", Opaque(size_t{1}), 0.5);
        },
        1);
    return stack.Depth() > kLimit ? kLimit + stack.Depth() : kLimit;
}

// ---- Calls ----------------------------------------------------------------------

struct Call {
    const char *name;  // of the function, and what is special after a '/'
    void (*call)();
};

std::ostream &operator<<(std::ostream &out, const Call &call) { return out << call.name; }

// Arguments of the calls: a block that another thread allocated, and room for results.
void *given;
char buffer[8192];
zmalloc_stats_t info;
size_t number;
zmalloc_zone_t *zone;

void Free(void *ptr) { zfree(ptr); }

const Call kCalls[] = {
    {"zmalloc", [] { Free(zmalloc(100)); }},
    {"zmalloc/page", [] { Free(zmalloc(5000)); }},
    {"zmalloc/large", [] { Free(zmalloc(100000)); }},
    {"zmalloc/huge", [] { Free(zmalloc(5 << 20)); }},
    {"ztrymalloc", [] { Free(ztrymalloc(100)); }},
    {"zcalloc", [] { Free(zcalloc(100)); }},
    {"zcalloc/huge", [] { Free(zcalloc(5 << 20)); }},
    {"ztrycalloc", [] { Free(ztrycalloc(100)); }},
    {"zcalloc_num", [] { Free(zcalloc_num(10, 10)); }},
    {"ztrycalloc_num", [] { Free(ztrycalloc_num(10, 10)); }},
    {"zrealloc", [] { given = zrealloc(given, 5000); }},
    {"zrealloc/huge", [] { given = zrealloc(given, 5 << 20); }},
    {"zrealloc/new", [] { Free(zrealloc(nullptr, 100)); }},
    {"ztryrealloc", [] { given = ztryrealloc(given, 100000); }},
    {"zstrdup", [] { Free(zstrdup("a string")); }},
    {"zmalloc_usable", [] { Free(zmalloc_usable(100, &number)); }},
    {"ztrymalloc_usable", [] { Free(ztrymalloc_usable(100, &number)); }},
    {"zcalloc_usable", [] { Free(zcalloc_usable(100, &number)); }},
    {"ztrycalloc_usable", [] { Free(ztrycalloc_usable(100, &number)); }},
    {"zrealloc_usable", [] { given = zrealloc_usable(given, 5000, &number, nullptr); }},
    {"ztryrealloc_usable", [] { given = ztryrealloc_usable(given, 5000, &number, nullptr); }},
    {"zmalloc_aligned", [] { Free(zmalloc_aligned(4096, 100)); }},
    {"ztrymalloc_aligned", [] { Free(ztrymalloc_aligned(1 << 20, 100)); }},
    {"zmalloc_cache_aligned", [] { Free(zmalloc_cache_aligned(100)); }},
    {"zfree", [] { Free(std::exchange(given, nullptr)); }},
    {"zfree_usable", [] { zfree_usable(std::exchange(given, nullptr), &number); }},
    {"zfree_with_size", [] { zfree_with_size(std::exchange(given, nullptr), 100); }},
    {"zlibc_free", [] { zlibc_free(std::malloc(100)); }},
    {"zmalloc_size", [] { number = zmalloc_size(given); }},
    {"zmalloc_usable_size", [] { number = zmalloc_usable_size(given); }},
    {"extend_to_usable", [] { given = extend_to_usable(given, 100); }},
    {"zmalloc_with_flags",
     [] { Free(zmalloc_with_flags(100, ZMALLOC_FLAG_LG_ALIGN(8) | ZMALLOC_FLAG_ZERO)); }},
    {"ztrymalloc_with_flags", [] { Free(ztrymalloc_with_flags(100, 0)); }},
    {"zrealloc_with_flags", [] { given = zrealloc_with_flags(given, 5000, ZMALLOC_FLAG_ZERO); }},
    {"zfree_with_flags", [] { zfree_with_flags(std::exchange(given, nullptr), 0); }},
    {"zmalloc_no_tcache", [] { Free(zmalloc_no_tcache(100)); }},
    {"zfree_no_tcache", [] { zfree_no_tcache(std::exchange(given, nullptr)); }},
    {"zmalloc_set_oom_handler",
     [] {
         zmalloc_set_oom_handler([](size_t) {});
         Free(zmalloc(Opaque(SIZE_MAX / 2)));
         zmalloc_set_oom_handler(nullptr);
     }},
    {"zmalloc_used_memory", [] { number = zmalloc_used_memory(); }},
    {"zmalloc_peak_memory", [] { number = zmalloc_peak_memory(); }},
    {"zmalloc_get_peak_memory", [] { number = zmalloc_get_peak_memory(); }},
    {"zmalloc_get_peak_memory_time",
     [] { number = static_cast<size_t>(zmalloc_get_peak_memory_time()); }},
    {"zmalloc_peak_memory_reset", zmalloc_peak_memory_reset},
    {"zmalloc_allocator_name", [] { (void)zmalloc_allocator_name(); }},
    {"zmalloc_get_allocator_info",
     [] { zmalloc_get_allocator_info(1, &number, &number, &number, &number, &number, &number); }},
    {"zmalloc_get_allocator_info_by_arena",
     [] { zmalloc_get_allocator_info_by_arena(0, 1, &number, &number, &number, &number); }},
    {"zmalloc_get_frag_smallbins", [] { number = zmalloc_get_frag_smallbins(); }},
    {"zmalloc_get_frag_smallbins_by_arena",
     [] { number = zmalloc_get_frag_smallbins_by_arena(0); }},
    {"zmalloc_get_rss", [] { number = zmalloc_get_rss(); }},
    {"zmalloc_get_smap_bytes_by_field",
     [] { number = zmalloc_get_smap_bytes_by_field("Rss:", -1); }},
    {"zmalloc_get_private_dirty", [] { number = zmalloc_get_private_dirty(getpid()); }},
    {"zmalloc_get_memory_size", [] { number = zmalloc_get_memory_size(); }},
    {"zmalloc_get_memory_limit", [] { number = zmalloc_get_memory_limit(); }},
    {"get_proc_stat_ll",
     [] {
         long long field;
         get_proc_stat_ll(23, &field);
     }},
    {"zmalloc_purge", [] { zmalloc_purge(); }},
    {"zmalloc_background_purge",
     [] {
         zmalloc_background_purge(true);
         zmalloc_background_purge(false);
     }},
    {"jemalloc_purge", [] { jemalloc_purge(); }},
    {"set_jemalloc_bg_thread", [] { set_jemalloc_bg_thread(0); }},
    {"zlibc_trim", zlibc_trim},
    {"zmadvise_dontneed", [] { zmadvise_dontneed(given); }},
    {"zmadvise_dontneed_range", [] { zmadvise_dontneed_range(buffer, sizeof buffer); }},
    {"zmalloc_fork_child", zmalloc_fork_child},
    {"zmalloc_stats", [] { zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1); }},
    {"zmalloc_stats_knows",
     [] { number = static_cast<size_t>(zmalloc_stats_knows(&info, ZMALLOC_STATS_RSS)); }},
    {"zmalloc_set_limit",
     [] {
         zmalloc_set_limit(
             1, 0, [](void *, bool, size_t) {}, nullptr);
         Free(zmalloc(1 << 20));
         zmalloc_set_limit(0, 0, nullptr, nullptr);
     }},
    {"zmalloc_set_limit/hard",
     [] {
         zmalloc_set_limit(0, 1 << 20, nullptr, nullptr);
         for (size_t size = 1; size < 1 << 22; size *= 2) Free(ztrymalloc(size));
         given = zrealloc(given, 100000);
         zmalloc_set_limit(0, 0, nullptr, nullptr);
     }},
    {"zmalloc_get_limit", [] { zmalloc_get_limit(&number, nullptr); }},
    {"zmalloc_limit_from_cgroup",
     [] {
         zmalloc_limit_from_cgroup(50, 100, nullptr, nullptr);
         zmalloc_set_limit(0, 0, nullptr, nullptr);
     }},
    {"zmalloc_pressure_start",
     [] {
         zmalloc_pressure_start(nullptr);
         zmalloc_pressure_stop();
     }},
    {"zmalloc_pressure_stop", zmalloc_pressure_stop},
    {"zmalloc_zone_create", [] { zone = zmalloc_zone_create("one more"); }},
    {"zmalloc_zone_destroy", [] { (void)zmalloc_zone_destroy(zmalloc_zone_create("short")); }},
    {"zmalloc_zone_bytes", [] { number = zmalloc_zone_bytes(zone); }},
    {"zmalloc_zone_blocks", [] { number = zmalloc_zone_blocks(zone); }},
    {"zmalloc_zone_add", [] { zmalloc_zone_add(zone, given); }},
    {"zmalloc_zone_remove", [] { zmalloc_zone_remove(zone, given); }},
    {"zmalloc_in", [] { zfree_in(zone, zmalloc_in(zone, 100)); }},
    {"zmalloc_in/huge", [] { zfree_in(zone, zmalloc_in(zone, 5 << 20)); }},
    {"ztrymalloc_in", [] { zfree_in(zone, ztrymalloc_in(zone, 100)); }},
    {"zcalloc_in", [] { zfree_in(zone, zcalloc_in(zone, 100)); }},
    {"ztrycalloc_in", [] { zfree_in(zone, ztrycalloc_in(zone, 100)); }},
    {"zrealloc_in", [] { given = zrealloc_in(zone, given, 5000); }},
    {"ztryrealloc_in", [] { given = ztryrealloc_in(zone, given, 100000); }},
    {"zfree_in", [] { zfree_in(zone, std::exchange(given, nullptr)); }},
    {"zmalloc_profile_start",
     [] {
         zmalloc_profile_start(1 << 20);
         zmalloc_profile_stop();
     }},
    {"zmalloc_profile_start/sample",
     [] {
         zmalloc_profile_start(1);
         Free(zmalloc(100));
         Free(zmalloc(1 << 20));
         given = zrealloc(given, 5000);
         zmalloc_profile_stop();
     }},
    {"zmalloc_profile_stop", zmalloc_profile_stop},
    {"zmalloc_profile_rate", [] { number = zmalloc_profile_rate(); }},
    {"zmalloc_profile_write", [] { zmalloc_profile_write(-1); }},
    {"zmalloc_profile_write_heap_v2", [] { zmalloc_profile_write_heap_v2(-1); }},
    {"zmalloc_profile_write_collapsed", [] { zmalloc_profile_write_collapsed(-1); }},
    {"zmalloc_label", [] { zmalloc_label(zmalloc_label("a label")); }},
    {"zmalloc_report/text", [] { zmalloc_report(buffer, sizeof buffer, ZMALLOC_REPORT_TEXT); }},
    {"zmalloc_report/json", [] { zmalloc_report(buffer, sizeof buffer, ZMALLOC_REPORT_JSON); }},
    {"zmalloc_report/openmetrics",
     [] { zmalloc_report(buffer, sizeof buffer, ZMALLOC_REPORT_OPENMETRICS); }},
    {"zmalloc_report/profiled", [] { zmalloc_report(buffer, sizeof buffer, ZMALLOC_REPORT_TEXT); }},
    {"zmalloc_defrag_supported", [] { (void)zmalloc_defrag_supported(); }},
    {"zmalloc_should_defrag", [] { (void)zmalloc_should_defrag(given); }},
    {"zmalloc_should_defrag_batch",
     [] {
         static const void *ptrs[100];
         static bool should[100];
         std::fill_n(ptrs, 100, given);
         (void)zmalloc_should_defrag_batch(ptrs, 100, should);
     }},
    {"zmalloc_defrag",
     [] {
         if (void *moved = zmalloc_defrag(given)) given = moved;
     }},
    {"zmalloc_defrag_step",
     [] {
         static void *next;
         next = given;
         zmalloc_defrag_cursor_t cursor = {[](void *) { return std::exchange(next, nullptr); },
                                           [](void *, void *, void *to) { given = to; }, nullptr};
         zmalloc_defrag_step(&cursor, nullptr, nullptr);
     }},
};

class EachCall : public testing::TestWithParam<Call> {
  protected:
    void SetUp() override {
        zfree(zmalloc(1));  // starts the allocator
        given = zmalloc(100);
        zone = zmalloc_zone_create("a zone");
        if (GetParam().name == std::string("zmalloc_report/profiled")) zmalloc_profile_start(1);
    }
    void TearDown() override {
        zfree(given);
        zmalloc_profile_stop();
    }
};

// A thread's first call may prepare the thread.
TEST_P(EachCall, TakesLittle) {
    Stack stack;
    const std::string name = GetParam().name;
    // Under musl jemalloc takes 9 KiB to start its thread.
    const bool more = name.rfind("zmalloc_report", 0) == 0 || name == "zmalloc_background_purge";
    // To take a sample is to unwind the stack.
    const bool unwinds = name.rfind("zmalloc_profile_start", 0) == 0;
    const size_t limit = unwinds ? 2 * kLimit : more ? LimitWithPrintf() : kLimit;
    for (int times : {1, 2}) {
        stack.Run(GetParam().call, times);
        EXPECT_LE(stack.Depth(), limit) << "call " << times;
        zfree(given);
        given = zmalloc(100);
    }
}

// musl would let a thread have 2 KiB, less than the limit.
TEST_P(EachCall, FitsInTheSmallestThread) {
    const auto smallest = static_cast<size_t>(sysconf(_SC_THREAD_STACK_MIN));
    Stack stack(std::max(smallest, size_t{16 << 10}));
    stack.Run(GetParam().call, 2);
}

INSTANTIATE_TEST_SUITE_P(All, EachCall, testing::ValuesIn(kCalls), [](const auto &info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '/', '_');
    return name;
});

TEST(Stack, EachPublicFunctionIsAmongTheCalls) {
    std::set<std::string> called;
    for (const Call &call : kCalls) {
        const std::string name = call.name;
        called.insert(name.substr(0, name.find('/')));
    }
    for (const char *header :
         {"zmalloc.h", "stats.h", "defrag.h", "limit.h", "pressure.h", "zone.h", "profile.h"}) {
        std::ifstream file(std::string("zmalloc/") + header);
        std::stringstream text;
        text << file.rdbuf();
        const std::set<std::string> declared = DeclaredFunctions(text.str());
        EXPECT_FALSE(declared.empty()) << header;
        for (const std::string &function : declared)
            EXPECT_EQ(called.count(function), 1u) << function << " is not in kCalls";
    }
}

Stack *aborting;
size_t limit_of_handler;

// This handler prints a line and aborts.
void DefaultOomHandler() {
    static char room[64 << 10];
    stack_t other = {};
    other.ss_sp = room;
    other.ss_size = sizeof room;
    sigaltstack(&other, nullptr);
    (void)!zmalloc(Opaque(SIZE_MAX / 2));
}

TEST(Stack, OfTheDefaultOomHandler) {
    EXPECT_TRUE(InChild([] {
        Stack stack;
        aborting = &stack;
        limit_of_handler = LimitWithPrintf();
        struct sigaction action = {};
        action.sa_handler = [](int) { _exit(aborting->Depth() <= limit_of_handler ? 0 : 2); };
        action.sa_flags = SA_ONSTACK;
        sigaction(SIGABRT, &action, nullptr);
        stack.Run(DefaultOomHandler, 1);
        return false;
    }));
}

}  // namespace
}  // namespace zmalloc_test
