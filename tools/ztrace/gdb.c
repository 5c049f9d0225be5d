#include "tools/ztrace/gdb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/proc.h"

/* Between two looks whether a signal came. */
enum { PAUSE_MS = 50 };

/* A session of its own keeps Ctrl-C away: gdb must not end while the process calls something. */
static void become_gdb(int in, int out, int report) {
    /* It reads no file that changes what it does, and no names of variables, which takes long. */
    char *command[] = {
        "gdb", "-nx", "-q", "-readnever", "-iex", "set auto-load off", "--interpreter=mi2", NULL};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    setsid();
    unsetenv("DEBUGINFOD_URLS"); /* nor does it ask the network */
    if (nowhere >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(nowhere, STDERR_FILENO) >= 0) {
        execvp(command[0], command);
    }
    int error = errno;
    if (write(report, &error, sizeof(error)) < 0) _exit(127);
    _exit(127);
}

/* The errno with which the program could not be started, or 0. */
static int read_report(int from) {
    int error = 0;
    ssize_t n;
    do {
        n = read(from, &error, sizeof(error));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(error) ? error : 0;
}

bool gdb_start(struct gdb *gdb) {
    int in[2], out[2], report[2];
    gdb->used = 0;
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        return false;
    }
    gdb->pid = fork();
    if (gdb->pid == 0) become_gdb(in[0], out[1], report[1]);
    int error = gdb->pid < 0 ? errno : 0;
    close(in[0]);
    close(out[1]);
    close(report[1]);
    gdb->to = in[1];
    gdb->from = out[0];
    if (!error) error = read_report(report[0]);
    close(report[0]);
    if (error && gdb->pid > 0) gdb_end(gdb);
    errno = error;
    return !error;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Takes the first line out of the text; false when there is no whole one. */
static bool take_line(struct gdb *gdb) {
    char *end = memchr(gdb->text, '\n', gdb->used);
    if (!end) return false;
    *end = '\0';
    snprintf(gdb->answer, sizeof(gdb->answer), "%.*s", (int)sizeof(gdb->answer) - 1, gdb->text);
    gdb->used -= (size_t)(end + 1 - gdb->text);
    memmove(gdb->text, end + 1, gdb->used);
    return true;
}

static bool fail(struct gdb *gdb, const char *why) {
    snprintf(gdb->answer, sizeof(gdb->answer), "%s", why);
    return false;
}

static bool is_gone(struct gdb *gdb) {
    gdb->is_gone = true;
    return fail(gdb, GDB_GONE);
}

/* gdb may not see that SIGKILL ended a process with several threads: then it waits for ever, and
 * the process stays a zombie. */
static bool has_ended(struct gdb *gdb) {
    if (!gdb->process || proc_lives(gdb->process)) return false;
    (void)kill(gdb->pid, SIGKILL);
    return true;
}

/* Waits for the next line. */
static bool read_line(struct gdb *gdb, double until, int (*interrupted)(void)) {
    while (!take_line(gdb)) {
        struct pollfd end = {gdb->from, POLLIN, 0};
        if (interrupted && interrupted()) return fail(gdb, GDB_LATE);
        if (now() >= until) return fail(gdb, GDB_LATE);
        if (gdb->used == sizeof(gdb->text)) gdb->used = 0; /* a line that nobody waits for */
        if (poll(&end, 1, PAUSE_MS) <= 0) {
            if (has_ended(gdb)) return fail(gdb, GDB_ENDED);
            continue;
        }
        ssize_t n = read(gdb->from, gdb->text + gdb->used, sizeof(gdb->text) - gdb->used);
        if (n == 0 || (n < 0 && errno != EINTR)) return is_gone(gdb);
        if (n > 0) gdb->used += (size_t)n;
    }
    return true;
}

/* Takes the text in quotes after a name out of an answer: in place of the answer. */
static void keep_text(struct gdb *gdb, const char *name) {
    char *to = gdb->answer, *from = strstr(gdb->answer, name);
    if (!from) return;
    for (from += strlen(name); *from && *from != '"'; from++) {
        if (*from == '\\' && from[1]) from++;
        *to++ = *from;
    }
    *to = '\0';
}

static bool is(const struct gdb *gdb, const char *begin) {
    return strncmp(gdb->answer, begin, strlen(begin)) == 0;
}

static bool send(struct gdb *gdb, int seconds, const char *command) {
    const double until = now() + seconds;
    if (write(gdb->to, command, strlen(command)) < 0 || write(gdb->to, "\n", 1) < 0) {
        return is_gone(gdb);
    }
    while (read_line(gdb, until, NULL)) {
        if (is(gdb, "^error")) {
            keep_text(gdb, "msg=\"");
            return false;
        }
        if (is(gdb, "^")) return true;
    }
    gdb->is_late = strcmp(gdb->answer, GDB_LATE) == 0;
    return false;
}

bool gdb_do(struct gdb *gdb, int seconds, const char *format, ...) {
    char command[16384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    return send(gdb, seconds, command);
}

bool gdb_value(struct gdb *gdb, int seconds, unsigned long *value, const char *format, ...) {
    char command[16384] = "-data-evaluate-expression \"";
    const size_t begun = strlen(command);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command + begun, sizeof(command) - begun - 2, format, arguments);
    va_end(arguments);
    strcat(command, "\"");
    if (!send(gdb, seconds, command)) return false;
    keep_text(gdb, "value=\"");
    *value = strtoul(gdb->answer, NULL, 0);
    if (gdb->answer[0] == '-') *value = (unsigned long)strtol(gdb->answer, NULL, 0);
    return true;
}

bool gdb_stops(struct gdb *gdb, int seconds, int (*interrupted)(void)) {
    const double until = now() + seconds;
    while (read_line(gdb, until, interrupted)) {
        if (is(gdb, "*stopped,reason=\"breakpoint-hit")) return true;
        if (is(gdb, "*stopped,reason=\"signal-received")) return fail(gdb, GDB_SIGNAL);
        if (is(gdb, "*stopped,reason=\"exited")) return fail(gdb, GDB_ENDED);
    }
    return false;
}

void gdb_end(struct gdb *gdb) {
    ssize_t n;
    static const char commands[] = "-target-detach\n-gdb-exit\n";
    if (write(gdb->to, commands, sizeof(commands) - 1) < 0) errno = 0; /* it has ended */
    do { /* it must not wait for somebody to read what it says */
        struct pollfd end = {gdb->from, POLLIN, 0};
        while (poll(&end, 1, PAUSE_MS) == 0 && !has_ended(gdb)) {
        }
        n = read(gdb->from, gdb->text, sizeof(gdb->text));
    } while (n > 0 || (n < 0 && errno == EINTR));
    gdb_leave(gdb);
    while (waitpid(gdb->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

void gdb_leave(struct gdb *gdb) {
    close(gdb->to);
    close(gdb->from);
}
