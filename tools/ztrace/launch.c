#include "tools/ztrace/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/ztrace/raw.h"

static volatile sig_atomic_t child, noted;

static void take(int signal) {
    if (child <= 0) {
        noted = signal;
    } else if (signal == SIGTERM || signal == SIGHUP) {
        kill((pid_t)child, signal);
    }
}

/* SIGCHLD may be ignored; ztrace could then not wait for its child. */
static const struct {
    int signal;
    void (*handler)(int);
} taken[] = {{SIGINT, take},     {SIGQUIT, take},    {SIGTERM, take},   {SIGHUP, take},
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

/* Keeps the number of the child until ztrace no longer passes signals on: otherwise another
 * process could have that number and get them. */
static int wait_for_child(pid_t pid) {
    siginfo_t info;
    int status;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0) {
        if (errno != EINTR) return -1;
    }
    child = 0;
    if (waitpid(pid, &status, 0) < 0) return -1;
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
    int status = pid > 0 ? wait_for_child(pid) : -1;
    return *error ? -1 : status;
}
