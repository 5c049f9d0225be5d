/* Runs a command and, when that ends, ends every process that it started and
 * left behind, whatever session or process group they moved to.  Linux.
 *
 * Usage: reap COMMAND [ARGUMENT...]
 * Exit status: the command's, 128 + the signal that ended it, or 2.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL "reap"

static volatile sig_atomic_t command_pid;

/* A signal that would end us kills the command; then we end the other processes. */
static void on_signal(int signal_number) {
    (void)signal_number;
    if (command_pid > 0) kill(command_pid, SIGKILL);
}

/* Orphans of the command become our children, so in the end all of them are. */
static int kill_children(void) {
    char path[64];
    int pid, found = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "r");
    if (children == NULL) {
        fprintf(stderr, TOOL ": %s: %s\n", path, strerror(errno));
        return -1;
    }
    while (fscanf(children, "%d", &pid) == 1) {
        kill(pid, SIGKILL);
        found++;
    }
    fclose(children);
    return found;
}

static int end_all(void) {
    int found;
    while ((found = kill_children()) > 0) {
        /* A killed process leaves its own children to us: look again after it. */
        while (waitpid(-1, NULL, 0) < 0 && errno == EINTR) continue;
    }
    return found;
}

static int wait_for(pid_t pid) {
    int status;
    pid_t ended;
    do {
        ended = waitpid(-1, &status, 0);
    } while (ended != pid && (ended > 0 || errno == EINTR));
    if (ended != pid) return 2;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void become(char **command) {
    execvp(command[0], command);
    fprintf(stderr, TOOL ": %s: %s\n", command[0], strerror(errno));
    _exit(2);
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = on_signal};
    if (argc < 2) {
        fprintf(stderr, "Usage: " TOOL " COMMAND [ARGUMENT...]\n");
        return 2;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        fprintf(stderr, TOOL ": prctl: %s\n", strerror(errno));
        return 2;
    }
    /* Without SA_RESTART: a signal interrupts a wait, which then starts again. */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    pid_t pid = fork();
    if (pid == 0) become(argv + 1);
    if (pid < 0) {
        fprintf(stderr, TOOL ": fork: %s\n", strerror(errno));
        return 2;
    }
    command_pid = pid;
    int status = wait_for(pid);
    command_pid = 0;
    return end_all() < 0 ? 2 : status;
}
