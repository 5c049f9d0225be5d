#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/zreplay/compare.h"

/* Reads all that comes; NULL without memory or on an error. */
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

int run_program(char **command, struct run *run) {
    int out[2], status;
    if (pipe(out) != 0) return -1;
    signal(SIGCHLD, SIG_DFL); /* ignored, no child can be waited for */
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execv(command[0], command);
        _exit(127);
    }
    int error = errno;
    close(out[1]);
    run->json = pid > 0 ? read_all(out[0]) : NULL;
    if (pid > 0 && !run->json) error = errno;
    close(out[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    errno = error;
    if (pid < 0 || !run->json) return -1;
    run->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

/* What follows the key; each is at the beginning of a line. */
static const char *find(const struct run *run, const char *key) {
    char line[96];
    snprintf(line, sizeof(line), "\n  \"%s\": ", key);
    const char *at = strstr(run->json, line);
    return at ? at + strlen(line) : NULL;
}

bool run_number(const struct run *run, const char *key, double *number) {
    const char *at = find(run, key);
    char *end;
    if (!at) return false;
    *number = strtod(at, &end);
    return end != at;
}

void run_text(const struct run *run, const char *key, char *text, size_t size) {
    const char *at = find(run, key);
    size_t used = 0;
    if (at && *at == '"') at++;
    for (; at && *at && *at != '"' && *at != '\n' && used + 1 < size; at++) {
        if (*at == '\\' && at[1]) at++;
        text[used++] = *at;
    }
    text[used] = '\0';
}
