#include "tests/soak/interruptions.h"

#include <signal.h>
#include <sys/time.h>

namespace zmalloc_test {
namespace {

constexpr int kSignals[] = {SIGALRM, SIGPROF};
constexpr int kTimers[] = {ITIMER_REAL, ITIMER_PROF};

// More than the soak ever holds.
constexpr size_t kImpossible = size_t{1} << 40;

std::atomic<bool> impossible_seen, errno_changed;

void Read(int) {
    const int saved = errno, mark = 12345;
    errno = mark;
    const size_t used = zmalloc_used_memory(), peak = zmalloc_peak_memory();
    if (used > kImpossible || peak > kImpossible) impossible_seen = true;
    if (Timers::signals++ % 64 == 0) zmalloc_peak_memory_reset();
    if (errno != mark) errno_changed = true;
    errno = saved;
}

void SetTimers(int first_microseconds) {
    for (size_t i = 0; i < 2; i++) {
        struct itimerval timer = {};
        // The timers must not run in step with each other.
        if (first_microseconds != 0) {
            timer.it_interval.tv_usec = timer.it_value.tv_usec =
                first_microseconds + 370 * static_cast<int>(i);
        }
        setitimer(kTimers[i], &timer, nullptr);
    }
}

}  // namespace

Timers::Timers() {
    struct sigaction action = {};
    action.sa_handler = Read;
    action.sa_flags = SA_RESTART;
    for (int number : kSignals) sigaction(number, &action, nullptr);
    SetTimers(1130);
}

// The handlers stay: a signal may still be on its way.
Timers::~Timers() { SetTimers(0); }

void Timers::Judge(Verdict *verdict) {
    if (impossible_seen) verdict->Wrong("a signal handler read a size larger than possible");
    if (errno_changed) verdict->Wrong("reading used memory changed errno");
}

void Timers::Forget() {
    for (int number : kSignals) signal(number, SIG_DFL);
}

namespace {

bool AllocatesExactly() {
    const size_t before = zmalloc_used_memory();
    size_t counted = 0;
    void *blocks[50];
    for (size_t i = 0; i < 50; i++) {
        blocks[i] = zrealloc(zmalloc(i * 7), i * 101 + 1);
        counted += zmalloc_size(blocks[i]);
    }
    CHILD_CHECK(zmalloc_used_memory() == before + counted);
    for (void *block : blocks) zfree(block);
    CHILD_CHECK(zmalloc_used_memory() == before);
    return true;
}

bool ThreadsAllocateExactly() {
    const size_t before = zmalloc_used_memory();
    std::thread threads[3];
    void *blocks[3];
    for (size_t i = 0; i < 3; i++) {
        threads[i] = std::thread([&block = blocks[i]] {
            block = zmalloc(5000);
            zfree(zmalloc(10));
        });
    }
    size_t counted = 0;
    for (std::thread &thread : threads) thread.join();
    for (void *block : blocks) counted += zmalloc_size(block);
    CHILD_CHECK(zmalloc_used_memory() == before + counted);
    for (void *block : blocks) zfree(block);
    CHILD_CHECK(zmalloc_used_memory() == before);
    return true;
}

void RunChild(bool with_threads) {
    Timers::Forget();
    alarm(60);  // a child that hangs must not outlive the test
    _exit(AllocatesExactly() && (!with_threads || ThreadsAllocateExactly()) ? 0 : 1);
}

}  // namespace

Forks::Forks(Verdict *verdict) {
    thread_ = std::thread([this, verdict] {
        do {
            const bool with_threads = children % 4 == 0 && !kThreadsOfChildrenAmongStartsHang;
            const pid_t child = fork();
            if (child == 0) RunChild(with_threads);
            int status = -1;
            while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
            if (status != 0) {
                verdict->Wrong("a forked child's wait status is " + std::to_string(status));
            }
            children++;
        } while (!stop_ && !verdict->failed());
    });
}

Forks::~Forks() {
    stop_ = true;
    thread_.join();
}

}  // namespace zmalloc_test
