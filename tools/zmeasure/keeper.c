#include "tools/zmeasure/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/proc.h"
#include "tools/common/run.h"

/* What the keeper tells. */
struct news {
    enum { STARTED, FAILED, ENDED, ALL_ENDED } what;
    int value; /* the program's number, an errno, or its status */
    double seconds;
    struct keeper_usage usage;
};

/* ---- In the keeper ------------------------------------------------------ */

/* News are smaller than what a pipe takes at once. */
static void tell(int report, const struct news *news) {
    ssize_t n;
    do {
        n = write(report, news, sizeof(*news));
    } while (n < 0 && errno == EINTR);
}

/* Runs in the child.  When it fails, it sends the errno through `failed`. */
static void become(const struct keeper_start *start, const sigset_t *signals, int failed) {
    setsid(); /* `kill 0` must not reach the keeper, nor Ctrl-C the program */
    for (char *const *variable = start->environment; variable && *variable; variable++) {
        putenv(*variable);
    }
    int files[] = {start->in, start->out, start->err};
    for (int i = 0; i < 3; i++) dup2(files[i], i);
    sigprocmask(SIG_SETMASK, signals, NULL);
    if (!start->folder || chdir(start->folder) == 0) execvp(start->command[0], start->command);
    int error = errno;
    if (write(failed, &error, sizeof(error)) < 0) _exit(127);
    _exit(127);
}

/* Starts the program; 0 or an errno. */
static int start_program(const struct keeper_start *start, const sigset_t *signals, pid_t *pid) {
    int failed[2], error = 0;
    if (pipe2(failed, O_CLOEXEC) != 0) return errno;
    *pid = cli_fork();
    if (*pid == 0) become(start, signals, failed[1]);
    if (*pid < 0) error = errno;
    close(failed[1]);
    while (*pid > 0 && read(failed[0], &error, sizeof(error)) < 0 && errno == EINTR) continue;
    close(failed[0]);
    return error;
}

static void kill_below(void) {
    struct proc_list list = {0};
    if (proc_below(getpid(), &list)) {
        for (size_t i = 0; i < list.count; i++) kill(list.pids[i], SIGKILL);
    }
    free(list.pids);
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static struct keeper_usage read_usage(void) {
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (struct keeper_usage){
        .user_seconds = seconds(usage.ru_utime),
        .system_seconds = seconds(usage.ru_stime),
        .minor_faults = (uint64_t)usage.ru_minflt,
        .major_faults = (uint64_t)usage.ru_majflt,
        .voluntary_switches = (uint64_t)usage.ru_nvcsw,
        .involuntary_switches = (uint64_t)usage.ru_nivcsw,
        .largest_rss = (uint64_t)usage.ru_maxrss * 1024,
    };
}

/* Waits for all descendants; SIGTERM asks it to kill them first.  New ones may come while it kills,
 * so it kills until there are none. */
static void wait_for_all(pid_t program, int report, double begin, const sigset_t *awaited) {
    const struct timespec pause = {.tv_nsec = 1000000};
    bool killing = false;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno == ECHILD) return;
        if (pid == program) {
            struct news news = {
                .what = ENDED, .value = status, .seconds = proc_clock(CLOCK_MONOTONIC) - begin};
            tell(report, &news);
        }
        if (pid != 0) continue;
        if (killing) kill_below();
        int signal = killing ? sigtimedwait(awaited, NULL, &pause) : sigwaitinfo(awaited, NULL);
        killing = killing || signal == SIGTERM;
    }
}

/* The keeper ends, and kills what it keeps, when `parent` ends. */
static bool follow(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return getppid() == parent;
}

static void keep(const struct keeper_start *start, int report, pid_t parent) {
    sigset_t awaited, before;
    struct news news = {.what = STARTED};
    pid_t program = 0;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigprocmask(SIG_BLOCK, &awaited, &before);
    for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
    setsid();
    if (!follow(parent)) return;
    double begin = proc_clock(CLOCK_MONOTONIC);
    int error = start_program(start, &before, &program);
    news.what = error ? FAILED : STARTED;
    news.value = error ? error : program;
    tell(report, &news);
    wait_for_all(program, report, begin, &awaited);
    news = (struct news){
        .what = ALL_ENDED, .seconds = proc_clock(CLOCK_MONOTONIC) - begin, .usage = read_usage()};
    tell(report, &news);
}

/* ---- In the process that starts it -------------------------------------- */

int keeper_start(struct keeper *keeper, const struct keeper_start *start) {
    int report[2];
    struct news news;
    pid_t self = getpid();
    *keeper = (struct keeper){.report = -1};
    if (pipe2(report, O_CLOEXEC) != 0) return errno;
    keeper->keeper = cli_fork();
    int error = errno;
    if (keeper->keeper == 0) {
        close(report[0]);
        keep(start, report[1], self);
        _exit(0);
    }
    close(report[1]);
    keeper->report = report[0];
    ssize_t n = -1;
    while (keeper->keeper > 0 && (n = read(report[0], &news, sizeof(news))) < 0 && errno == EINTR) {
        continue;
    }
    if (n == sizeof(news) && news.what == STARTED) {
        keeper->program = news.value;
        return 0;
    }
    if (n == sizeof(news)) error = news.value;
    if (n == 0) error = ESRCH; /* somebody killed it */
    keeper_end(keeper);
    return error;
}

bool keeper_read(struct keeper *keeper) {
    struct news news = {.what = ALL_ENDED};
    ssize_t n;
    do {
        n = read(keeper->report, &news, sizeof(news));
    } while (n < 0 && errno == EINTR);
    bool ok = n == sizeof(news);
    if (ok && news.what == ENDED) {
        keeper->ended = true;
        keeper->program = 0;
        keeper->status = news.value;
    }
    if (ok && news.what != ALL_ENDED) return true;
    keeper->all_ended = true;
    keeper->lost = !ok; /* somebody killed it */
    keeper->seconds = news.seconds;
    keeper->usage = news.usage;
    close(keeper->report);
    keeper->report = -1;
    (void)cli_wait(keeper->keeper, &(int){0});
    keeper->keeper = 0;
    return ok;
}

void keeper_kill(const struct keeper *keeper) {
    if (keeper->keeper > 0) kill(keeper->keeper, SIGTERM);
}

void keeper_end(struct keeper *keeper) {
    keeper_kill(keeper);
    while (keeper->report >= 0 && keeper->keeper > 0) (void)keeper_read(keeper);
    if (keeper->report >= 0) close(keeper->report);
    keeper->report = -1;
}
