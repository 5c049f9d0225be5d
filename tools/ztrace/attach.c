/* gdb stops the process, and has it call dlopen() (call.h).  That must not happen inside malloc or
 * the dynamic linker, which would be called again halfway: gdb waits until a thread is about to
 * enter malloc or free, and was not called by the libc, which may hold a lock. */
#include "tools/ztrace/attach.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/proc.h"
#include "tools/common/procfs.h"
#include "tools/ztrace/call.h"
#include "tools/ztrace/gdb.h"
#include "tools/ztrace/inspect.h"

#define TOOL "ztrace"

/* Seconds: for gdb to do something, and to wait for a call of malloc. */
enum { GDB_TIME = 60, CALL_TIME = 60 };

/* Bytes; the calls take some 5 KiB. */
enum { LEAST_STACK = 8192 };

/* A program may come from the libc only, and each look takes some 0.1 ms. */
enum { MOST_LOOKS = 20000 };

static bool refuse(pid_t pid, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(pid_t pid, const char *format, ...) {
    char text[2 * CLI_PATH_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cli_error(TOOL, "process %ld %s", (long)pid, text);
    return false;
}

/* ---- Before ------------------------------------------------------------------- */

/* The line has the real, effective, saved and file system's user. */
static bool is_ours(const char *status) {
    const char *at = procfs_field(status, "Uid");
    char *end;
    for (int i = 0; at && i < 4; i++, at = end) {
        if (strtoul(at, &end, 10) != geteuid()) return false;
    }
    return at != NULL;
}

static long field_number(const char *status, const char *name) {
    const char *at = procfs_field(status, name);
    return at ? strtol(at, NULL, 10) : 0;
}

/* Whether its system calls are restricted otherwise than ours, as those of a container are. */
static bool is_restricted(const char *status) {
    char own[4096];
    if (!field_number(status, "Seccomp")) return false;
    return !procfs_read("/proc/self/status", own, sizeof(own)) ||
           field_number(own, "Seccomp") != field_number(status, "Seccomp") ||
           field_number(own, "Seccomp_filters") != field_number(status, "Seccomp_filters");
}

static bool check_status(pid_t pid) {
    char status[4096];
    if (pid == getpid()) return refuse(pid, "is ztrace itself");
    if (!procfs_read_of(pid, "status", status, sizeof(status))) {
        return refuse(pid, "does not exist");
    }
    const long group = field_number(status, "Tgid"), tracer = field_number(status, "TracerPid");
    if (group != pid) return refuse(pid, "is a thread of process %ld; give that number", group);
    const char *state = procfs_field(status, "State");
    if (state && strpbrk(state, "ZX") == state + 1) {
        return refuse(pid, proc_lives(pid) ? "has ended its first thread, and cannot be recorded"
                                           : "has ended");
    }
    if (!is_ours(status)) return refuse(pid, "is another user's; run ztrace as that user");
    if (tracer) return refuse(pid, "is traced by process %ld already", tracer);
    if (state && state[1] == 'T') return refuse(pid, "is stopped; send it SIGCONT first");
    if (is_restricted(status)) {
        return refuse(pid, "has restricted its system calls (seccomp), and cannot be recorded");
    }
    return true;
}

static uint64_t age_of(pid_t pid) {
    char text[1024];
    struct timespec now;
    if (!procfs_read_of(pid, "stat", text, sizeof(text))) return 0;
    const char *at = procfs_stat_field(text, PROCFS_START);
    if (!at || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
    const uint64_t start = strtoull(at, NULL, 10) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
    const uint64_t ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return ns > start ? ns - start : 0;
}

static bool check_program(pid_t pid, const char *exe) {
    const struct obstacle obstacle = inspect_program(exe);
    if (obstacle.kind == INSPECT_OWN_MALLOC) {
        return refuse(pid, "has a malloc of its own, which it calls directly");
    }
    /* A process that gained rights when it started may be ours by now. */
    if (obstacle.text && obstacle.kind != INSPECT_RIGHTS) return refuse(pid, "%s", obstacle.text);
    return true;
}

static bool is_recorder(const char *line, const char *path, void *unused) {
    (void)line;
    (void)unused;
    return strncmp(cli_base_name(path), "libztrace", strlen("libztrace")) == 0;
}

bool attach_check(pid_t pid, struct running *running) {
    char exe[64];
    if (!call_return_address[0]) {
        cli_error(TOOL, "--attach is there for x86-64 and arm64 only");
        return false;
    }
    if (!check_status(pid)) return false;
    running->pid = pid;
    running->image = proc_program(pid, running->program, sizeof(running->program));
    running->age_ns = age_of(pid);
    if (!running->program[0]) return refuse(pid, "runs no program that can be read");
    snprintf(exe, sizeof(exe), "/proc/%ld/exe", (long)pid);
    if (!check_program(pid, exe)) return false;
    if (proc_each_mapped(pid, is_recorder, NULL)) {
        return refuse(pid, "has loaded ztrace's library before; a process can be recorded once");
    }
    return true;
}

/* Whether the process finds the same file by this name: not so in a container. */
static bool check_sees(pid_t pid, const char *path) {
    char there[CLI_PATH_SIZE + 64];
    struct stat own, its;
    snprintf(there, sizeof(there), "/proc/%ld/root%s", (long)pid, path);
    if (stat(path, &own) != 0 || stat(there, &its) != 0 || own.st_dev != its.st_dev ||
        own.st_ino != its.st_ino) {
        return refuse(pid, "does not see %s: it has other folders, as in a container", path);
    }
    for (const char *at = path; *at; at++) {
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') {
            cli_error(TOOL, "%s: gdb takes only names of ASCII without quotes and backslashes",
                      path);
            return false;
        }
    }
    return true;
}

/* ---- With gdb ------------------------------------------------------------------ */

/* Whether an address lies in the libc or in the dynamic linker. */
static bool is_inside(const char *line, const char *path, void *address) {
    static const char *const libc[] = {"libc.so", "libc-", "ld-", "ld.so", "libpthread", "libdl"};
    const char *name = cli_base_name(path);
    const unsigned long at = *(const unsigned long *)address;
    bool is_libc = false;
    for (size_t i = 0; i < sizeof(libc) / sizeof(*libc); i++) {
        is_libc = is_libc || strncmp(name, libc[i], strlen(libc[i])) == 0;
    }
    char *end; /* "START-LIMIT ..." */
    const unsigned long start = strtoul(line, &end, 16);
    return is_libc && *end == '-' && at >= start && at < strtoul(end + 1, NULL, 16);
}

/* Stops the process, which runs.  Nothing can block SIGSTOP; and should a breakpoint have stopped
 * the process first, SIGCONT takes it back. */
static void stop_running(struct gdb *gdb, pid_t pid) {
    (void)kill(pid, SIGSTOP);
    (void)gdb_stops(gdb, GDB_TIME, NULL);
    gdb->is_late = strcmp(gdb->answer, GDB_LATE) == 0;
    (void)kill(pid, SIGCONT);
}

/* Whether the thread has some stack left, which loading a library takes: coroutines may have
 * little. The kernel makes the stack of the first thread longer. */
static bool has_stack(struct gdb *gdb, pid_t pid) {
    char name[64], line[CLI_PATH_SIZE + 128], *end = NULL;
    unsigned long stack, start = 0, limit = 0;
    if (!gdb_value(gdb, GDB_TIME, &stack, "(unsigned long)$sp")) return false;
    snprintf(name, sizeof(name), "/proc/%ld/maps", (long)pid);
    FILE *file = fopen(name, "re");
    while (file && stack >= limit && fgets(line, sizeof(line), file)) { /* "START-LIMIT rw-p ..." */
        start = strtoul(line, &end, 16);
        limit = *end == '-' ? strtoul(end + 1, NULL, 16) : 0;
    }
    if (file) (void)fclose(file);
    return end && stack >= start && stack < limit &&
           (stack - start >= LEAST_STACK || strstr(end, "[stack]"));
}

/* Why the process was not stopped at a call: gdb said so, or no call came. */
static bool refuse_to_wait(struct gdb *gdb, pid_t pid, bool no_call) {
    if (!proc_lives(pid)) return refuse(pid, "has ended");
    if (strcmp(gdb->answer, GDB_SIGNAL) == 0) return refuse(pid, "was stopped, and goes on");
    if (!no_call) return refuse(pid, "is not recorded: gdb says: %s", gdb->answer);
    return refuse(
        pid,
        "called no malloc, calloc, realloc or free in %d s from outside the libc, with %d "
        "KiB of stack: only there it can load ztrace's library",
        CALL_TIME, LEAST_STACK / 1024);
}

/* Lets the process run until a thread may load a library. */
static bool reach_call(struct gdb *gdb, pid_t pid, int (*interrupted)(void)) {
    unsigned long caller; /* the address that the function returns to */
    const time_t until = time(NULL) + CALL_TIME;
    bool no_call = true;
    for (int i = 0; i < MOST_LOOKS && !interrupted(); i++) {
        const time_t rest = until - time(NULL);
        if (rest <= 0) break;
        no_call = gdb_do(gdb, GDB_TIME, "-exec-continue");
        if (!no_call) break;
        if (!gdb_stops(gdb, (int)rest, interrupted)) {
            no_call = strcmp(gdb->answer, GDB_LATE) == 0;
            if (no_call) stop_running(gdb, pid);
            break;
        }
        no_call = gdb_value(gdb, GDB_TIME, &caller, "%s", call_return_address);
        if (!no_call) break;
        if (!proc_each_mapped(pid, is_inside, &caller) && has_stack(gdb, pid)) return true;
    }
    if (interrupted()) return refuse(pid, "is not recorded: interrupted");
    return refuse_to_wait(gdb, pid, no_call);
}

/* Stops the process where it may load a library. */
static bool stop_process(struct gdb *gdb, pid_t pid, int (*interrupted)(void)) {
    static const char *const functions[] = {"malloc", "calloc", "realloc", "free"};
    bool found = false;
    if (!gdb_do(gdb, GDB_TIME, "-gdb-set confirm off") ||
        !gdb_do(gdb, GDB_TIME, "-gdb-set print elements 1000") ||
        !gdb_do(gdb, GDB_TIME, "-target-attach %ld", (long)pid)) {
        return refuse(pid, "cannot be attached to: gdb says: %s", gdb->answer);
    }
    /* Signals are the program's business, but for the one by which we stop it. */
    if (!gdb_do(gdb, GDB_TIME, "-interpreter-exec console \"handle all nostop noprint pass\"") ||
        !gdb_do(gdb, GDB_TIME, "-interpreter-exec console \"handle SIGINT nostop noprint pass\"") ||
        !gdb_do(gdb, GDB_TIME, "-interpreter-exec console \"handle SIGSTOP stop print nopass\"")) {
        return refuse(pid, "cannot be attached to: gdb says: %s", gdb->answer);
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        found = gdb_do(gdb, GDB_TIME, "-break-insert *%s", functions[i]) || found;
    }
    if (!found) return refuse(pid, "has no malloc that gdb finds: %s", gdb->answer);
    return reach_call(gdb, pid, interrupted) &&
           (gdb_do(gdb, GDB_TIME, "-break-delete") ||
            refuse(pid, "is not recorded: gdb says: %s", gdb->answer));
}

static bool call_library(struct gdb *gdb, pid_t pid, const char *library, const char *raw) {
    unsigned long result;
    if (!call(gdb, &result, "dlopen", library, RTLD_NOW | RTLD_NODELETE)) {
        return refuse(pid, "did not load ztrace's library: gdb says: %s", gdb->answer);
    }
    if (!result) {
        const char *text = NULL;
        if (call(gdb, &result, "dlerror", NULL, 0) &&
            gdb_value(gdb, GDB_TIME, &result, "(char *)%lu", result)) {
            text = strchr(gdb->answer, '"');
        }
        return refuse(pid, "did not load ztrace's library: %.*s",
                      text ? (int)strcspn(text + 1, "\"") : 0, text ? text + 1 : "");
    }
    if (!call(gdb, &result, "ztrace_attach", raw, 0)) {
        return refuse(pid, "did not call ztrace's library: gdb says: %s", gdb->answer);
    }
    const int places = (int)result;
    if (places < 0) return refuse(pid, "cannot record into %s: %s", raw, strerror(-places - 1));
    return places > 0 || refuse(pid, "calls no function that is recorded");
}

/* The thread that is stopped may look at errno afterwards. */
static bool load(struct gdb *gdb, pid_t pid, const char *library, const char *raw) {
    unsigned long place, ignored;
    if (!call_prepare(gdb, pid)) return refuse(pid, "is not recorded: gdb says: %s", gdb->answer);
    bool kept = call(gdb, &place, "__errno_location", NULL, 0) &&
                gdb_value(gdb, GDB_TIME, &ignored, "$ztrace_errno = *(int *)%lu", place);
    bool done = call_library(gdb, pid, library, raw);
    if (kept && !gdb->is_late)
        (void)gdb_value(gdb, GDB_TIME, &ignored, "*(int *)%lu = $ztrace_errno", place);
    return done;
}

bool attach(const struct running *running, const char *library, const char *raw,
            int (*interrupted)(void)) {
    struct gdb gdb = {.process = running->pid};
    const pid_t pid = running->pid;
    if (!check_sees(pid, library) || !check_sees(pid, raw)) return false;
    if (!gdb_start(&gdb)) {
        cli_error(TOOL, "--attach needs gdb: %s", strerror(errno));
        return false;
    }
    bool done = stop_process(&gdb, pid, interrupted) && load(&gdb, pid, library, raw);
    if (!gdb.is_late) {
        gdb_end(&gdb);
        /* It may have stopped threads by SIGSTOP, of which they were not let go. */
        if (gdb.is_gone) (void)kill(pid, SIGCONT);
        return done;
    }
    cli_error(TOOL, "gdb (process %ld) has not finished; it lets process %ld go when it has",
              (long)gdb.pid, (long)pid);
    gdb_leave(&gdb);
    return false;
}
