// A server in a memory cgroup of its own: killed by the kernel without a limit, alive with one.
#include "tests/cgroup.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <deque>
#include <functional>
#include <thread>

#include "tests/support.h"
#include "zmalloc/limit.h"
#include "zmalloc/pressure.h"

namespace zmalloc_test {
namespace {

using std::chrono::steady_clock;

constexpr size_t kLimit = 96 * kMiB;
constexpr unsigned kShare = 40;  // of it may be used, in percent

// A cache that grows as long as it can.  When a request for memory fails, it drops its oldest
// entries.  Sizes change as time goes on, so that freed memory does not just fit.
class Cache {
  public:
    ~Cache() {
        while (!entries_.empty()) Drop();
    }

    // Returns false if there is no memory even for the first entry.
    bool Store(size_t size) {
        char *entry;
        while ((entry = static_cast<char *>(ztrymalloc(size))) == nullptr) {
            if (entries_.empty()) return false;
            for (int i = 0; i < 20 && !entries_.empty(); i++) Drop();
        }
        std::memset(entry, 1, size);
        entries_.push_back(entry);
        return true;
    }

  private:
    void Drop() {
        zfree(entries_.front());
        entries_.pop_front();
    }

    std::deque<void *> entries_;
};

// How long requests took: how many took from 2^(i/8) ns to 2^((i+1)/8) ns.
class Times {
  public:
    void Add(steady_clock::duration took) {
        const double ns = static_cast<double>(std::max<int64_t>(1, took.count()));
        counts_[static_cast<size_t>(std::log2(ns) * 8)]++;
        count_++;
    }
    void Print(const char *what) const {
        std::fprintf(stderr,
                     "%-16s %-22s %7zu requests: p50 %.1f us, p99 %.1f, p99.9 %.1f, longest %.0f\n",
                     std::string(Variant().name).c_str(), what, count_, Share(0.5), Share(0.99),
                     Share(0.999), Share(1));
    }

  private:
    // So many microseconds suffice for this share of the requests.
    double Share(double share) const {
        size_t sum = 0, i = 0;
        while (i + 1 < counts_.size() &&
               static_cast<double>(sum += counts_[i]) < share * static_cast<double>(count_)) {
            i++;
        }
        return std::exp2(static_cast<double>(i + 1) / 8) / 1000;
    }

    std::array<size_t, 320> counts_{};
    size_t count_ = 0;
};

// Stores six times the limit, in phases of other sizes.
bool Serve(Times *times) {
    Random random(1);
    Cache cache;
    for (size_t largest : {400, 9000, 200, 50000, 1500, 300}) {
        for (size_t stored = 0; stored < kLimit;) {
            const size_t size = 1 + random.Below(largest);
            const auto begin = steady_clock::now();
            CHILD_CHECK(cache.Store(size));
            const auto took = steady_clock::now() - begin;
            times->Add(took);
            stored += size;
        }
    }
    return true;
}

class InCgroup : public testing::Test {
  protected:
    void SetUp() override {
        if (Emulated()) GTEST_SKIP() << "the emulator's own memory counts as well";
        if (OverSanitizersMalloc()) GTEST_SKIP() << "the sanitizer keeps freed blocks for a while";
        if (kShadowed) GTEST_SKIP() << "the shadow of what is touched counts as well";
        if (!group_.made()) GTEST_SKIP() << "no memory cgroup can be made here (/sys/fs/cgroup)";
    }

    // How a child ends that does this in the cgroup.
    int Status(const std::function<bool()> &body) {
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child == 0) {
            alarm(100);
            _exit(group_.Enter() && body() ? 0 : 1);
        }
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        return status;
    }

    Cgroup group_{kLimit};
};

// Used memory has a limit; what the allocator keeps beside it has none.
constexpr char kKept[] = "the allocator does not give back what is free";

TEST_F(InCgroup, KilledWithout) {
    const int status = Status([] {
        Times times;
        return Serve(&times);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
}

TEST_F(InCgroup, AliveWithALimit) {
    if (!Variant().gives_back) GTEST_SKIP() << kKept;
    EXPECT_EQ(Status([] {
                  Times times;
                  CHILD_CHECK(zmalloc_limit_from_cgroup(0, kShare, nullptr, nullptr) == 0);
                  CHILD_CHECK(Serve(&times));
                  times.Print("limit");
                  return true;
              }),
              0);
}

TEST_F(InCgroup, AliveWithALimitAndTheThread) {
    if (!Variant().gives_back) GTEST_SKIP() << kKept;
    if (kThreadsOfChildrenHang) GTEST_SKIP() << "threads of the child hang";
    EXPECT_EQ(Status([] {
                  Times times;
                  CHILD_CHECK(zmalloc_limit_from_cgroup(0, kShare, nullptr, nullptr) == 0);
                  zmalloc_pressure_t settings = {};
                  settings.high_percent = 50;  // so that it purges all the time
                  settings.interval_ms = 10;
                  CHILD_CHECK(zmalloc_pressure_start(&settings) == 0);
                  CHILD_CHECK(Serve(&times));
                  zmalloc_pressure_stop();
                  times.Print("limit, thread under pressure");
                  return true;
              }),
              0);
}

// The thread follows the cgroup's limit.
TEST_F(InCgroup, TheLimitChanges) {
    if (kThreadsOfChildrenHang) GTEST_SKIP() << "threads of the child hang";
    EXPECT_EQ(Status([&] {
                  size_t hard = 0;
                  CHILD_CHECK(zmalloc_limit_from_cgroup(0, 50, nullptr, nullptr) == 0);
                  zmalloc_get_limit(nullptr, &hard);
                  CHILD_CHECK(hard == kLimit / 2);
                  CHILD_CHECK(zmalloc_pressure_start(nullptr) == 0);
                  CHILD_CHECK(group_.SetLimit(kLimit / 2));
                  for (int i = 0; i < 300 && hard != kLimit / 4; i++) {
                      std::this_thread::sleep_for(std::chrono::milliseconds(10));
                      zmalloc_get_limit(nullptr, &hard);
                  }
                  CHILD_CHECK(hard == kLimit / 4);
                  // What is set in bytes stays.
                  zmalloc_set_limit(0, 10 * kMiB, nullptr, nullptr);
                  CHILD_CHECK(group_.SetLimit(kLimit));
                  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
                  zmalloc_get_limit(nullptr, &hard);
                  CHILD_CHECK(hard == 10 * kMiB);
                  return true;
              }),
              0);
}

}  // namespace
}  // namespace zmalloc_test
