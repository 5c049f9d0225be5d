#include "tests/signals/stepper.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace zmalloc_test {
namespace {

// The signals that the child sends itself: to begin, and at the end of each handler.
constexpr int kInterrupt = SIGUSR1, kMark = SIGUSR2;

void (*handler)();
int thread_ids;  // where the child writes which thread is to be watched

void Mark() { syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), kMark); }

void OnSignal(int) {
    handler();
    Mark();
}

[[noreturn]] void RunChild(const std::function<void()> &body, const std::function<bool()> &well) {
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART;
    sigaction(kInterrupt, &action, nullptr);
    std::thread(body).join();
    _exit(well() ? 0 : 1);
}

[[noreturn]] void Fail(const char *what) {
    std::perror(what);
    std::abort();
}

// Resumes the thread in one of ptrace's ways.  Returns whether it stopped again; *stopped_by is the
// signal.
bool Continue(int way, pid_t thread, long signal, int *stopped_by) {
    int status;
    if (ptrace(static_cast<decltype(PTRACE_CONT)>(way), thread, 0, signal) != 0) Fail("ptrace");
    if (waitpid(thread, &status, __WALL) != thread) Fail("waitpid");
    *stopped_by = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
    return WIFSTOPPED(status);
}

bool MayInterrupt(pid_t thread) {
    unsigned long blocked = 0;
    if (ptrace(PTRACE_GETSIGMASK, thread, sizeof blocked, &blocked) != 0) Fail("ptrace");
    return (blocked >> (kInterrupt - 1) & 1) == 0;
}

// Lets the handler run to its mark, and from there back to the place where it began.  The next
// system call is the handler's return; at the end of that the signal is no longer blocked.
bool Interrupt(pid_t thread) {
    int by;
    if (!Continue(PTRACE_CONT, thread, kInterrupt, &by)) return false;
    while (by != kMark) {
        if (!Continue(PTRACE_CONT, thread, by, &by)) return false;
    }
    do {
        if (!Continue(PTRACE_SYSCALL, thread, 0, &by)) return false;
    } while (!MayInterrupt(thread));
    return true;
}

// The vDSO reads the time anew whenever the kernel has updated it meanwhile, 100 to 1000 times a
// second.  Interrupted at each instruction, it would never end.
struct Vdso {
    uintptr_t begin = 0, end = 0;

    Vdso() {
        char line[512];
        FILE *maps = std::fopen("/proc/self/maps", "r");
        if (maps == nullptr) Fail("/proc/self/maps");
        while (std::fgets(line, sizeof line, maps) != nullptr) {
            if (std::strstr(line, "[vdso]") != nullptr) {
                std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end);
            }
        }
        std::fclose(maps);
    }

    bool Runs(pid_t thread) const {
        const long at = ptrace(PTRACE_PEEKUSER, thread, offsetof(user_regs_struct, rip), 0);
        return static_cast<uintptr_t>(at) - begin < end - begin;
    }
};

size_t Watch(pid_t thread, size_t every) {
    const Vdso vdso;
    size_t instructions = 0, interruptions = 0;
    int status, by;
    if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) Fail("waitpid");
    while (Continue(PTRACE_SINGLESTEP, thread, 0, &by)) {
        if (++instructions % every != 0 || vdso.Runs(thread) || !MayInterrupt(thread)) continue;
        if (!Interrupt(thread)) break;
        interruptions++;
    }
    return interruptions;
}

}  // namespace

void BeginSteps() {
    const pid_t self = static_cast<pid_t>(syscall(SYS_gettid));
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) Fail("ptrace");
    if (write(thread_ids, &self, sizeof self) != sizeof self) Fail("write");
    Mark();
}

size_t RunInSteps(const std::function<void()> &body, void (*in_handler)(),
                  const std::function<bool()> &well, size_t every) {
    int ends[2];
    handler = in_handler;
    if (pipe(ends) != 0) Fail("pipe");
    thread_ids = ends[1];
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) Fail("fork");
    if (child == 0) RunChild(body, well);
    pid_t thread;
    if (read(ends[0], &thread, sizeof thread) != sizeof thread) Fail("read");
    close(ends[0]);
    close(ends[1]);
    const size_t interruptions = Watch(thread, every);
    int status;
    if (waitpid(child, &status, 0) != child) Fail("waitpid");
    return status == 0 ? interruptions : 0;
}

}  // namespace zmalloc_test
