#include "tools/ztrace/family.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A process, so that no other one is taken for it. */
struct who {
    uint32_t pid; /* as /proc has it */
    uint64_t start;
};

/* The n-th word after the name in /proc/PID/stat: "PID (NAME) STATE PARENT ...". */
static const char *word_after_name(const char *text, int n) {
    const char *at = strrchr(text, ')');
    for (; at && n > 0; n--) at = strchr(at + 1, ' ');
    return at;
}

static struct who who_is(pid_t pid) {
    enum { START = 20 };
    struct who who = {.pid = (uint32_t)pid};
    char text[1024], name[40] = "/proc/self/stat";
    if (pid != getpid()) snprintf(name, sizeof(name), "/proc/%ld/stat", (long)pid);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return who;
    ssize_t size = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (size <= 0) return who;
    text[size] = '\0';
    const char *start = word_after_name(text, START);
    if (!start) return who;
    who.pid = (uint32_t)strtoul(text, NULL, 10);
    who.start = strtoull(start, NULL, 10);
    return who;
}

/* The last of that number, if it is the process: one that is gone has no start any more. */
static struct raw_process *find(struct raw_header *first, const struct who *who) {
    for (uint32_t i = raw_processes(first); i > 0; i--) {
        struct raw_process *process = &first->process[i - 1];
        if (atomic_load(&process->pid) != who->pid) continue;
        if (process->start == who->start || !process->start || !who->start) return process;
    }
    return NULL;
}

struct raw_process *family_enter(struct raw_header *first, pid_t pid, bool forked, bool *is_new) {
    const struct who who = who_is(pid);
    /* A process that was just forked has none. */
    struct raw_process *process = forked ? NULL : find(first, &who);
    *is_new = process == NULL;
    if (process) return process;
    uint32_t number = atomic_fetch_add(&first->processes, 1);
    if (number > first->follow || number > RAW_MAX_FOLLOWED) {
        atomic_fetch_sub(&first->processes, 1);
        raw_count_child(first, (uint32_t)pid, forked);
        return NULL;
    }
    process = &first->process[number];
    process->start = who.start;
    atomic_store(&process->pid, who.pid);
    return process;
}

uint32_t family_number(const struct raw_header *first, const struct raw_process *process) {
    return (uint32_t)(process - first->process);
}

uint32_t family_executes(struct raw_process *process, const char *name) {
    const char *folder = strrchr(name, '/');
    snprintf(process->name, sizeof(process->name), "%s", folder ? folder + 1 : name);
    return atomic_exchange(&process->state, RAW_EXECUTES);
}
