#include "tools/common/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#elif defined(__FreeBSD__)
#include <sys/procctl.h>
#endif

static void end_with(pid_t parent) {
#if defined(__linux__)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#elif defined(__FreeBSD__)
    int signal = SIGKILL;
    procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &signal);
#endif
    if (getppid() != parent) _exit(127); /* the parent ended before the call above */
}

pid_t cli_fork(void) {
    pid_t parent = getpid();
    signal(SIGCHLD, SIG_DFL); /* a process that ignores it cannot wait for its children */
    pid_t pid = fork();
    if (pid == 0) end_with(parent);
    return pid;
}

int cli_wait(pid_t pid, int *status) {
    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    return 0;
}

/* Reads to the end; NULL without memory or on an error. */
static char *read_all(int from) {
    size_t size = 0, capacity = 65536;
    char *text = malloc(capacity);
    while (text) {
        ssize_t n = read(from, text + size, capacity - size - 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        if (n == 0) {
            text[size] = '\0';
            return text;
        }
        size += (size_t)n;
        if (size + 1 < capacity) continue;
        char *larger = realloc(text, capacity *= 2);
        if (!larger) break;
        text = larger;
    }
    free(text);
    return NULL;
}

static void leave_out_errors(void) {
    int null = open("/dev/null", O_WRONLY);
    if (null < 0) return;
    dup2(null, STDERR_FILENO);
    close(null);
}

static int run(char *const *command, char *const *environment, bool silent, char **output,
               int *exit_status) {
    int out[2], status;
    if (pipe(out) != 0) return -1;
    pid_t pid = cli_fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        if (silent) leave_out_errors();
        for (size_t i = 0; environment && environment[i]; i++) putenv(environment[i]);
        /* execvp would let a shell read a file that the kernel does not know. */
        (strchr(command[0], '/') ? execv : execvp)(command[0], command);
        _exit(127);
    }
    int error = errno;
    close(out[1]);
    *output = pid > 0 ? read_all(out[0]) : NULL;
    if (pid > 0 && !*output) error = errno;
    close(out[0]);
    if (pid > 0 && cli_wait(pid, &status) != 0) return -1;
    errno = error;
    if (pid < 0 || !*output) return -1;
    *exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

int cli_run(char *const *command, char *const *environment, char **output, int *exit_status) {
    return run(command, environment, false, output, exit_status);
}

int cli_run_silent(char *const *command, char **output, int *exit_status) {
    return run(command, NULL, true, output, exit_status);
}
