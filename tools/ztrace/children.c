#include "tools/ztrace/children.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/common/procfs.h"

/* Between two looks for new ones. */
#define PAUSE_NS 20000000

/* The pause between two samples of each grows with the number of children, so that they take a
 * small part of a CPU. */
#define CHILDREN_A_PAUSE 20

void children_open(struct children *children, int raw_fd, const char *raw) {
    *children = (struct children){.raw = raw};
    void *map = mmap(NULL, RAW_HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, raw_fd, 0);
    if (map == MAP_FAILED) return;
    struct raw_header *first = map;
    children->child = calloc(RAW_MAX_FOLLOWED + 1, sizeof(*children->child));
    if (children->child) {
        children->first = first;
    } else {
        munmap(map, RAW_HEADER_SIZE);
    }
}

void children_close(struct children *children) {
    if (!children->first) return;
    for (uint32_t i = 0; i <= RAW_MAX_FOLLOWED; i++) curve_close(&children->child[i].curve);
    free(children->child);
    munmap(children->first, RAW_HEADER_SIZE);
}

/* Whether the process is there, is no zombie, and is not a later one of the same number. */
static bool lives(const struct raw_process *process) {
    char text[1024];
    if (!procfs_read_of((pid_t)process->pid, "stat", text, sizeof(text))) return false;
    return procfs_stat_lives(text) && procfs_stat_number(text, PROCFS_START) == process->start;
}

static void begin(const struct children *children, uint32_t number) {
    struct child *child = &children->child[number];
    char name[CLI_PATH_SIZE];
    if (!raw_name_of_child(children->raw, number, name, sizeof(name))) return;
    int fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return;
    curve_open(&child->curve, fd);
    close(fd);
    child->curve.pause_ns *= 1 + number / CHILDREN_A_PAUSE;
    child->life = CHILD_LIVES;
}

static void end(struct child *child, pid_t pid) {
    curve_end(&child->curve, pid);
    curve_close(&child->curve);
    child->curve.header = NULL;
    child->life = CHILD_ENDED;
}

struct timespec children_look(struct children *children) {
    struct timespec pause = {.tv_nsec = PAUSE_NS};
    if (!children->first || !children->first->follow) return (struct timespec){.tv_sec = 1};
    children->lives = 0;
    for (uint32_t i = 1; i < raw_processes(children->first); i++) {
        struct child *child = &children->child[i];
        const struct raw_process *process = &children->first->process[i];
        const pid_t pid = (pid_t)atomic_load(&process->pid);
        if (child->life == CHILD_NEW && pid && process->has_file) begin(children, i);
        if (child->life != CHILD_LIVES) continue;
        if (!lives(process)) {
            end(child, pid);
            continue;
        }
        /* A program that is not recorded may run there by now. */
        children->lives += process->state == RAW_RECORDED;
        (void)curve_look(&child->curve, pid);
    }
    return pause;
}

bool children_begin(const struct children *children) {
    if (!children->first) return false;
    bool begins = atomic_load(&children->first->forks) > 0;
    for (uint32_t i = 1; i < raw_processes(children->first) && !begins; i++) {
        const struct raw_process *process = &children->first->process[i];
        begins = process->state == RAW_EXECUTES && lives(process);
    }
    return begins;
}

void children_first_ended(struct children *children) {
    if (children->first) atomic_store(&children->first->over, 1);
}

void children_ask(struct children *children) {
    for (uint32_t i = 1; children->first && i < raw_processes(children->first); i++) {
        if (children->child[i].life == CHILD_LIVES) curve_ask(&children->child[i].curve);
    }
}

void children_leave(struct children *children) {
    if (!children->first) return;
    children->first->until_ns = 0; /* no other recording begins */
    for (uint32_t i = 1; i < raw_processes(children->first); i++) {
        struct raw_header *header = children->child[i].curve.header;
        uint32_t goes_on = RAW_GOES_ON;
        if (!header || children->child[i].life != CHILD_LIVES) continue;
        atomic_compare_exchange_strong(&header->stopped, &goes_on, RAW_LEFT);
        header->until_ns = 0;
    }
}
