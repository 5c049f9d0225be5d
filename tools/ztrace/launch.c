#include "tools/ztrace/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/ztrace/raw.h"

static volatile sig_atomic_t child;

static void hand_on(int signal) {
    if (child > 0) kill((pid_t)child, signal);
}

/* The first library that is preloaded sees all calls. */
static int set_environment(const struct launch *launch) {
    const char *others = getenv("LD_PRELOAD");
    char preload[8192], pid[24];
    int size = snprintf(preload, sizeof(preload), "%s%s%s", launch->library,
                        others && *others ? ":" : "", others ? others : "");
    if (size < 0 || (size_t)size >= sizeof(preload)) {
        errno = E2BIG;
        return -1;
    }
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    if (setenv("LD_PRELOAD", preload, 1) != 0 || setenv(RAW_ENV_FILE, launch->raw, 1) != 0) {
        return -1;
    }
    return setenv(RAW_ENV_PID, pid, 1);
}

/* In the child; tells through `report` why it came back. */
static void become_program(const struct launch *launch, int report) {
    if ((!launch->folder || chdir(launch->folder) == 0) && set_environment(launch) == 0) {
        execvp(launch->command[0], launch->command);
    }
    int error = errno;
    if (write(report, &error, sizeof(error)) < 0) _exit(127);
    _exit(127);
}

static int wait_for_child(void) {
    int status;
    while (waitpid((pid_t)child, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    child = 0;
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

int launch(const struct launch *launch, int *error) {
    /* SIGCHLD may be ignored, and no child could be waited for then. */
    static const struct {
        int signal;
        void (*handler)(int);
    } watched[] = {{SIGINT, SIG_IGN},
                   {SIGQUIT, SIG_IGN},
                   {SIGTERM, hand_on},
                   {SIGHUP, hand_on},
                   {SIGCHLD, SIG_DFL}};
    enum { COUNT = sizeof(watched) / sizeof(*watched) };
    struct sigaction before[COUNT], action = {0};
    int report[2];
    sigset_t set, unblocked;

    if (pipe2(report, O_CLOEXEC) != 0) {
        *error = errno;
        return -1;
    }
    /* A signal that comes before there is a child waits for it. */
    sigemptyset(&set);
    for (int i = 0; i < COUNT; i++) sigaddset(&set, watched[i].signal);
    sigprocmask(SIG_BLOCK, &set, &unblocked);
    for (int i = 0; i < COUNT; i++) {
        action.sa_handler = watched[i].handler;
        sigaction(watched[i].signal, &action, &before[i]);
    }
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < COUNT; i++) sigaction(watched[i].signal, &before[i], NULL);
        sigprocmask(SIG_SETMASK, &unblocked, NULL);
        become_program(launch, report[1]);
    }
    *error = pid < 0 ? errno : 0;
    child = pid;
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
    close(report[1]);
    if (pid > 0) *error = read_report(report[0]);
    close(report[0]);
    int status = pid > 0 ? wait_for_child() : -1;
    for (int i = 0; i < COUNT; i++) sigaction(watched[i].signal, &before[i], NULL);
    return *error ? -1 : status;
}
