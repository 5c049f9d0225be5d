// Uses each feature that zmalloc/features.h claims for the platform that this runs on.
#include "zmalloc/features.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "tests/features/seen_by_c.h"

#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif
#ifdef HAVE_KQUEUE
#include <sys/event.h>
#include <sys/types.h>
#endif
#ifdef HAVE_EVENT_FD
#include <sys/eventfd.h>
#endif
#ifdef HAVE_TASKINFO
#include <mach/mach.h>
#endif
#ifdef HAVE_SYSCTL_KIPC_SOMAXCONN
#include <sys/sysctl.h>
#endif
#ifdef HAVE_BACKTRACE
#include <dlfcn.h>
#include <execinfo.h>
#endif
#ifdef HAVE_POPCNT
#include <cpuid.h>
#endif
#ifdef HAVE_MALLOC_USABLE_SIZE
#ifdef __FreeBSD__
#include <malloc_np.h>
#else
#include <malloc.h>
#endif
#endif

namespace {

// Closes it at its end.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    operator int() const { return fd_; }

  private:
    int fd_;
};

TEST(Features, AreTheSameInC) {
    EXPECT_EQ(kByteOrderSeenByC, BYTE_ORDER == LITTLE_ENDIAN ? 1 : 2);
    EXPECT_EQ(kCacheLineSizeSeenByC, CACHE_LINE_SIZE);
    EXPECT_EQ(kPrefetchSeenByC, HAS_BUILTIN_PREFETCH);
#ifdef HAVE_EPOLL
    EXPECT_EQ(kEpollSeenByC, HAVE_EPOLL);
#else
    EXPECT_EQ(kEpollSeenByC, 0);
#endif
}

TEST(Features, ByteOrder) {
    const uint32_t word = 1;
    unsigned char first;
    memcpy(&first, &word, 1);
    EXPECT_EQ(BYTE_ORDER == LITTLE_ENDIAN, first == 1);
    EXPECT_NE(LITTLE_ENDIAN, BIG_ENDIAN);
}

TEST(Features, CacheLineSize) {
    EXPECT_EQ(CACHE_LINE_SIZE & (CACHE_LINE_SIZE - 1), 0);
#ifdef _SC_LEVEL1_DCACHE_LINESIZE
    const long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
    if (line <= 0) GTEST_SKIP() << "this system does not tell";
#ifdef __x86_64__
    EXPECT_EQ(CACHE_LINE_SIZE, line);
#else
    EXPECT_EQ(CACHE_LINE_SIZE % line, 0) << line;  // qemu makes the value up
#endif
#endif
}

TEST(Features, OneWayOfWaitingForEvents) {
    int ways = 0;
#ifdef HAVE_EPOLL
    EXPECT_GE(Descriptor(epoll_create1(EPOLL_CLOEXEC)), 0);
    ways++;
#endif
#ifdef HAVE_KQUEUE
    EXPECT_GE(Descriptor(kqueue()), 0);
    ways++;
#endif
    EXPECT_EQ(ways, 1);
}

#ifdef HAVE_EVENT_FD
TEST(Features, EventFd) {
    const Descriptor fd(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));
    uint64_t value = 0;
    ASSERT_EQ(read(fd, &value, sizeof value), ssize_t{sizeof value});
    EXPECT_EQ(value, 3u);
}
#endif

#ifdef HAVE_PROC_STAT
std::string FirstLine(const char *path) {
    std::string line;
    std::getline(std::ifstream(path), line);
    return line;
}

TEST(Features, Proc) {
    EXPECT_EQ(std::stol(FirstLine("/proc/self/stat")), getpid());
    EXPECT_NE(FirstLine("/proc/self/maps").find('-'), std::string::npos);
    EXPECT_NE(FirstLine("/proc/self/smaps").find('-'), std::string::npos);
    EXPECT_GT(std::stol(FirstLine("/proc/sys/net/core/somaxconn")), 0);
    const long score = std::stol(FirstLine("/proc/self/oom_score_adj"));
    EXPECT_TRUE(-1000 <= score && score <= 1000) << score;
}
#endif

#ifdef HAVE_SYSCTL_KIPC_SOMAXCONN
TEST(Features, SysctlSomaxconn) {
    int name[] = {CTL_KERN, KERN_IPC, KIPC_SOMAXCONN}, value = 0;
    size_t size = sizeof value;
    ASSERT_EQ(sysctl(name, 3, &value, &size, nullptr, 0), 0);
    EXPECT_GT(value, 0);
}
#endif

#ifdef HAVE_TASKINFO
TEST(Features, TaskInfo) {
    mach_task_basic_info_data_t info;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    const auto out = reinterpret_cast<task_info_t>(&info);
    ASSERT_EQ(task_info(mach_task_self(), MACH_TASK_BASIC_INFO, out, &count), KERN_SUCCESS);
    EXPECT_GT(info.resident_size, 0u);
}
#endif

#ifdef HAVE_BACKTRACE
TEST(Features, Backtrace) {
#ifdef __GLIBC__
    if (!dlopen("libgcc_s.so.1", RTLD_NOW)) GTEST_SKIP() << "backtrace() needs libgcc_s.so.1";
#endif
    void *frames[8];
    EXPECT_GT(backtrace(frames, 8), 0);
}
#endif

#ifdef HAVE_MSG_NOSIGNAL
TEST(Features, MsgNosignal) {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const Descriptor writer(pair[0]);
    close(pair[1]);
    EXPECT_EQ(send(writer, "", 1, MSG_NOSIGNAL), -1);  // and the process lives
    EXPECT_EQ(errno, EPIPE);
}
#endif

#ifdef HAVE_ACCEPT4
TEST(Features, Accept4) {
    EXPECT_EQ(accept4(-1, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), -1);
    EXPECT_EQ(errno, EBADF);
}
#endif

#ifdef HAVE_PIPE2
TEST(Features, Pipe2) {
    int pair[2];
    ASSERT_EQ(pipe2(pair, O_NONBLOCK | O_CLOEXEC), 0);
    const Descriptor reader(pair[0]), writer(pair[1]);
    EXPECT_TRUE(fcntl(reader, F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(fcntl(reader, F_GETFD) & FD_CLOEXEC);
}
#endif

#ifdef HAVE_SOCKOPTMARKID
// Setting the option takes a privilege.
TEST(Features, SocketMark) { EXPECT_GT(SOCKOPTMARKID, 0); }
#endif

#if defined(HAVE_SYNC_FILE_RANGE) || defined(HAVE_FADVISE)
TEST(Features, FileRanges) {
    std::string name = testing::TempDir() + "/range.XXXXXX";
    const Descriptor fd(mkstemp(&name[0]));
    ASSERT_GE(fd, 0) << name;
    unlink(name.c_str());
    ASSERT_EQ(write(fd, "range", 5), 5);
#ifdef HAVE_SYNC_FILE_RANGE
    EXPECT_EQ(sync_file_range(fd, 0, 5, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE), 0);
#endif
#ifdef HAVE_FADVISE
    EXPECT_EQ(posix_fadvise(fd, 0, 5, POSIX_FADV_DONTNEED), 0);
#endif
}
#endif

#ifdef HAVE_MALLOC_USABLE_SIZE
TEST(Features, MallocUsableSize) {
    void *block = malloc(100);
    EXPECT_GE(malloc_usable_size(block), 100u);
    free(block);
}
#endif

#ifdef HAVE_ATOMIC
TEST(Features, Atomic) {
    size_t word = 1;
    EXPECT_EQ(__atomic_add_fetch(&word, 1, __ATOMIC_SEQ_CST), 2u);
    EXPECT_TRUE(__atomic_always_lock_free(sizeof word, nullptr));
}
#endif

TEST(Features, Prefetch) {
    const char block[64] = {};
    redis_prefetch_read(block);
    redis_prefetch_write(block);
    valkey_prefetch(block);
}

TEST(Features, LoaderChoosesFunction) { EXPECT_EQ(ChosenSeenByC(), 1); }

#ifndef __has_feature
#define __has_feature(name) 0
#endif

TEST(Features, Sanitizers) {
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
    const bool address = true;
#else
    const bool address = false;
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
    const bool thread = true;
#else
    const bool thread = false;
#endif
    EXPECT_EQ(kAddressSanitizerSeenByC, address);
    EXPECT_EQ(kThreadSanitizerSeenByC, thread);
}

#ifdef HAVE_POPCNT
__attribute__((target("popcnt"))) int Ones(unsigned value) { return __builtin_popcount(value); }

// Does not use __builtin_cpu_supports(), because Zig's runtime lacks its table.
TEST(Features, CpuIsAskedAtRunTime) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_POPCNT)) GTEST_SKIP() << "no POPCNT here";
    EXPECT_EQ(Ones(5), 2);
}
#endif

}  // namespace
