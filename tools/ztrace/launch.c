#include "tools/ztrace/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/common/proc.h"
#include "tools/ztrace/children.h"
#include "tools/ztrace/curve.h"
#include "tools/ztrace/raw.h"

#define TOOL "ztrace"

static volatile sig_atomic_t child, noted, waits, left, begin_asked, stop_asked;

static void take(int signal) {
    if (signal == SIGUSR1 || signal == SIGUSR2) {
        *(signal == SIGUSR1 ? &begin_asked : &stop_asked) = 1;
        return;
    }
    if (waits) {
        left = signal;
    } else if (child <= 0) {
        noted = signal;
    } else if (signal == SIGTERM || signal == SIGHUP) {
        kill((pid_t)child, signal);
    }
}

/* SIGCHLD may be ignored; ztrace could then not wait for its child. */
static const struct {
    int signal;
    void (*handler)(int);
} taken[] = {{SIGINT, take},     {SIGQUIT, take},    {SIGTERM, take},
             {SIGHUP, take},     {SIGUSR1, take},    {SIGUSR2, take},
             {SIGXFSZ, SIG_IGN}, {SIGPIPE, SIG_IGN}, {SIGCHLD, SIG_DFL}};
enum { TAKEN = sizeof(taken) / sizeof(*taken) };
static struct sigaction before[TAKEN];

void take_signals(void) {
    for (int i = 0; i < TAKEN; i++) {
        struct sigaction action = {.sa_handler = taken[i].handler, .sa_flags = SA_RESTART};
        sigaction(taken[i].signal, NULL, &before[i]);
        /* A signal that is ignored, such as SIGHUP under nohup, stays ignored. */
        if (taken[i].handler == take && before[i].sa_handler == SIG_IGN) continue;
        sigaction(taken[i].signal, &action, NULL);
    }
}

int interrupted(void) { return noted; }

bool left_children(void) { return left != 0; }

static int set_environment(const struct launch *launch) {
    char pid[24];
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    /* The first library that is preloaded sees all calls. */
    if (cli_put_first("LD_PRELOAD", launch->library) != 0) return -1;
    /* AddressSanitizer asks to be the first, but works as the second too. */
    if (cli_put_first("ASAN_OPTIONS", "verify_asan_link_order=0") != 0) return -1;
    return setenv(RAW_ENV_FILE, launch->raw, 1) == 0 ? setenv(RAW_ENV_PID, pid, 1) : -1;
}

/* Runs in the child.  When it fails, it sends the errno through `report`. */
static void become_program(const struct launch *launch, int report) {
    if ((!launch->folder || chdir(launch->folder) == 0) && set_environment(launch) == 0) {
        execvp(launch->command[0], launch->command);
    }
    int error = errno;
    if (write(report, &error, sizeof(error)) < 0) _exit(127);
    _exit(127);
}

static struct timespec shorter(struct timespec one, struct timespec other) {
    bool is_shorter =
        one.tv_sec != other.tv_sec ? one.tv_sec < other.tv_sec : one.tv_nsec < other.tv_nsec;
    return is_shorter ? one : other;
}

/* Does what signals asked for: SIGUSR1 to begin, SIGUSR2 to stop. */
static void obey(struct curve *curve, struct children *children) {
    if (begin_asked) curve_begin(curve);
    begin_asked = 0;
    if (!stop_asked) return;
    stop_asked = 0;
    curve_ask(curve);
    children_ask(children);
}

/* Takes samples until the child has ended, and leaves it a zombie.  0 or -1. */
static int watch_child(pid_t pid, struct curve *curve, struct children *children) {
    siginfo_t info = {.si_pid = 0};
    sigset_t ended, unblocked;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD); /* blocked, it stays until it is waited for */
    sigprocmask(SIG_BLOCK, &ended, &unblocked);
    int result;
    while ((result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG)) == 0 ||
           errno == EINTR) {
        if (info.si_pid == pid) break;
        obey(curve, children);
        struct timespec pause = shorter(curve_look(curve, pid), children_look(children));
        sigtimedwait(&ended, NULL, &pause);
    }
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
    return result;
}

/* Waits until all children are recorded that begin.  Three seconds at most: a fork may have failed,
 * a child may execute a program that is not recorded; on a busy machine a program takes its time.
 */
static void wait_for_begin(const struct children *children) {
    enum { MOST_PAUSES = 150 };
    const struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < MOST_PAUSES && children_begin(children) && !left; i++) {
        nanosleep(&pause, NULL);
    }
}

/* Waits for the children that are recorded, or for a signal. */
static void watch_rest(struct curve *curve, struct children *children) {
    wait_for_begin(children);
    children_first_ended(children);
    struct timespec pause = children_look(children);
    if (!children->lives) return;
    cli_error(TOOL,
              "the program ended; %u of its children %s on and %s recorded (a signal ends the "
              "recording, and not %s)",
              children->lives, children->lives == 1 ? "goes" : "go",
              children->lives == 1 ? "is" : "are", children->lives == 1 ? "it" : "them");
    waits = 1;
    while (children->lives && !left) {
        nanosleep(&pause, NULL);
        obey(curve, children);
        pause = children_look(children);
        if (children->lives) continue;
        wait_for_begin(children); /* the last one may be executing a program */
        pause = children_look(children);
    }
    waits = 0;
    if (left) children_leave(children);
}

/* A thread may be writing its last record, or how much of the large blocks was touched. */
static void settle(const struct raw_header *header) {
    enum { MOST_PAUSES = 30 };
    const struct timespec pause = {.tv_nsec = 100000000};
    uint64_t before;
    int pauses = 0;
    do {
        before = atomic_load(&header->sequence);
        nanosleep(&pause, NULL);
    } while (atomic_load(&header->sequence) != before && ++pauses < MOST_PAUSES);
}

void begin_recording(int raw_fd) {
    struct curve curve;
    curve_open(&curve, raw_fd);
    curve_begin(&curve);
    curve_close(&curve);
}

void watch_running(const struct running *running, int raw_fd) {
    const struct timespec longest = {.tv_nsec = 50000000};
    struct curve curve;
    struct children none = {.first = NULL};
    char program[CLI_PATH_SIZE];
    curve_open(&curve, raw_fd);
    if (!curve.header) return;
    waits = 1;
    if (noted) left = noted; /* it came since the process was attached to */
    noted = 0;
    while (proc_program(running->pid, program, sizeof(program)) == running->image &&
           curve.header->stopped == RAW_GOES_ON) {
        if (left && curve.header->paused) break;
        if (left) stop_asked = 1;
        left = 0;
        obey(&curve, &none);
        struct timespec pause = shorter(curve_look(&curve, running->pid), longest);
        nanosleep(&pause, NULL);
    }
    waits = 0;
    settle(curve.header);
    curve_close(&curve);
}

/* Keeps the number of the child until ztrace no longer passes signals on: otherwise another
 * process could have that number and get them. */
static int wait_for_child(pid_t pid, const struct launch *launch) {
    struct curve curve;
    struct children children;
    int status;
    curve_open(&curve, launch->raw_fd);
    children_open(&children, launch->raw_fd, launch->raw);
    int result = watch_child(pid, &curve, &children);
    if (result == 0) curve_end(&curve, pid);
    child = 0;
    bool ended = result == 0 && waitpid(pid, &status, 0) >= 0;
    if (ended) watch_rest(&curve, &children);
    children_close(&children);
    curve_close(&curve);
    if (!ended) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The errno that the child reports, or 0 once it has become the program. */
static int read_report(int from) {
    int error = 0;
    ssize_t n;
    do {
        n = read(from, &error, sizeof(error));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(error) ? error : 0;
}

/* Starts the child; its number, or -1 with errno set. */
static pid_t start(const struct launch *launch, int report) {
    sigset_t all, unblocked;
    pid_t pid = -1;
    /* Blocks signals until there is a child to pass them to. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &unblocked);
    errno = EINTR;
    if (!noted) pid = fork();
    if (pid == 0) {
        for (int i = 0; i < TAKEN; i++) sigaction(taken[i].signal, &before[i], NULL);
        sigprocmask(SIG_SETMASK, &unblocked, NULL);
        become_program(launch, report);
    }
    if (pid > 0) child = pid;
    int error = errno;
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
    errno = error;
    return pid;
}

int launch(const struct launch *launch, int *error) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        *error = errno;
        return -1;
    }
    pid_t pid = start(launch, report[1]);
    *error = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0) *error = read_report(report[0]);
    close(report[0]);
    int status = pid > 0 ? wait_for_child(pid, launch) : -1;
    return *error ? -1 : status;
}
