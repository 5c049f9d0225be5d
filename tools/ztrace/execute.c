/* The functions by which a program executes another: the recording tells which programs did not
 * load this library.  Each calls the next function of its name; in a child of vfork, too, so that
 * nothing may be allocated. */
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "tools/ztrace/next.h"
#include "tools/ztrace/recorder.h"

#define EXPORT __attribute__((visibility("default")))

typedef char *const vector[];
typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
                           const posix_spawnattr_t *, vector, vector);

static struct {
    int (*execve)(const char *, vector, vector);
    int (*execv)(const char *, vector);
    int (*execvp)(const char *, vector);
    int (*execvpe)(const char *, vector, vector);
    int (*fexecve)(int, vector, vector);
    int (*execveat)(int, const char *, vector, vector, int);
    spawn_function *posix_spawn, *posix_spawnp;
} next;

static void find(const char *name, void *function) {
    void *symbol = next_function(name);
    memcpy(function, &symbol, sizeof(symbol));
}

__attribute__((constructor)) static void find_all(void) {
    find("execv", &next.execv);
    find("execvp", &next.execvp);
    find("execvpe", &next.execvpe);
    find("fexecve", &next.fexecve);
    find("execveat", &next.execveat); /* not before glibc 2.34 */
    find("posix_spawn", &next.posix_spawn);
    find("posix_spawnp", &next.posix_spawnp);
    find("execve", &next.execve); /* last: once it is set, the others are */
}

/* A constructor of the program's may come first. */
static struct execution begin(const char *name) {
    if (!next.execve) find_all();
    return recorder_executes(name);
}

static int failed(const struct execution *execution) {
    recorder_did_not_execute(execution);
    return -1;
}

/* Each of these returns only when it fails. */

EXPORT int execve(const char *path, vector arguments, vector environment) {
    const struct execution execution = begin(path);
    (void)next.execve(path, arguments, environment);
    return failed(&execution);
}

EXPORT int execv(const char *path, vector arguments) {
    const struct execution execution = begin(path);
    (void)next.execv(path, arguments);
    return failed(&execution);
}

EXPORT int execvp(const char *file, vector arguments) {
    const struct execution execution = begin(file);
    (void)next.execvp(file, arguments);
    return failed(&execution);
}

EXPORT int execvpe(const char *file, vector arguments, vector environment) {
    const struct execution execution = begin(file);
    (void)next.execvpe(file, arguments, environment);
    return failed(&execution);
}

/* The name that a program is given, where it has no other. */
static const char *first_of(vector arguments) { return arguments[0] ? arguments[0] : "?"; }

EXPORT int fexecve(int fd, vector arguments, vector environment) {
    const struct execution execution = begin(first_of(arguments));
    (void)next.fexecve(fd, arguments, environment);
    return failed(&execution);
}

int execveat(int fd, const char *path, vector arguments, vector environment,
             int flags); /* musl declares none */

EXPORT int execveat(int fd, const char *path, vector arguments, vector environment, int flags) {
    const struct execution execution = begin(path[0] ? path : first_of(arguments));
    if (next.execveat) {
        (void)next.execveat(fd, path, arguments, environment, flags);
    } else {
        errno = ENOSYS;
    }
    return failed(&execution);
}

/* ---- With the arguments one by one ------------------------------------------ */

/* How many there are up to NULL, with the first. */
static size_t count(const char *first, va_list list) {
    size_t number = first ? 1 : 0;
    while (number && va_arg(list, char *)) number++;
    return number;
}

/* Puts them into `arguments`, and NULL behind them. */
static void take(char **arguments, size_t number, const char *first, va_list list) {
    arguments[0] = (char *)first;
    for (size_t i = 1; i <= number; i++) arguments[i] = va_arg(list, char *);
}

/* Declares `list` and `arguments`: on the stack, as glibc does. */
#define LIST(first)                             \
    va_list list;                               \
    va_start(list, first);                      \
    const size_t number = count((first), list); \
    va_end(list);                               \
    char *arguments[number + 1];                \
    va_start(list, first);                      \
    take(arguments, number, (first), list)

EXPORT int execl(const char *path, const char *first, ...) {
    LIST(first);
    va_end(list);
    return execv(path, arguments);
}

EXPORT int execlp(const char *file, const char *first, ...) {
    LIST(first);
    va_end(list);
    return execvp(file, arguments);
}

EXPORT int execle(const char *path, const char *first, ...) {
    LIST(first);
    char **environment = va_arg(list, char **);
    va_end(list);
    return execve(path, arguments, environment);
}

/* ---- In a process of its own ------------------------------------------------- */

static int spawn(spawn_function *const *one, pid_t *pid, const char *path,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 vector arguments, vector environment) {
    pid_t own;
    if (!next.execve) find_all();
    int error = (*one)(&own, path, actions, attributes, arguments, environment);
    if (error) return error;
    if (pid) *pid = own;
    recorder_spawned(own, path);
    return 0;
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
                       const posix_spawn_file_actions_t *restrict actions,
                       const posix_spawnattr_t *restrict attributes,
                       char *const arguments[restrict], char *const environment[restrict]) {
    return spawn(&next.posix_spawn, pid, path, actions, attributes, arguments, environment);
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                        const posix_spawn_file_actions_t *restrict actions,
                        const posix_spawnattr_t *restrict attributes,
                        char *const arguments[restrict], char *const environment[restrict]) {
    return spawn(&next.posix_spawnp, pid, file, actions, attributes, arguments, environment);
}
