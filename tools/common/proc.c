#include "tools/common/proc.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/common/procfs.h"

/* ---- Which processes there are ------------------------------------------ */

struct parent {
    pid_t pid, parent;
    bool below; /* the root, or below it */
    bool dead;
};

static bool read_parent(pid_t pid, struct parent *parent) {
    char text[1024];
    if (!procfs_read_of(pid, "stat", text, sizeof(text))) return false;
    *parent = (struct parent){
        .pid = pid,
        .parent = (pid_t)procfs_stat_number(text, PROCFS_PARENT),
        .dead = !procfs_stat_lives(text),
    };
    return true;
}

/* All processes of the machine; NULL without memory. */
static struct parent *read_parents(size_t *count) {
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    size_t capacity = 512;
    struct parent *parents = dir ? malloc(capacity * sizeof(*parents)) : NULL;
    *count = 0;
    while (parents && (entry = readdir(dir)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid <= 0 || !read_parent(pid, &parents[*count])) continue;
        if (++*count < capacity) continue;
        struct parent *more = realloc(parents, (capacity *= 2) * sizeof(*parents));
        if (!more) break;
        parents = more;
    }
    if (dir) closedir(dir);
    return parents;
}

/* Marks what is below `root`.  A child mostly has a higher number, so one pass mostly does. */
static void mark_below(pid_t root, struct parent *parents, size_t count) {
    bool again = true;
    for (size_t i = 0; i < count; i++) parents[i].below = parents[i].pid == root;
    while (again) {
        again = false;
        for (size_t i = 0; i < count; i++) {
            for (size_t p = 0; p < count && !parents[i].below; p++) {
                if (parents[p].pid != parents[i].parent || !parents[p].below) continue;
                parents[i].below = again = true;
            }
        }
    }
}

static bool add(struct proc_list *list, pid_t pid) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        pid_t *more = realloc(list->pids, capacity * sizeof(*more));
        if (!more) return false;
        list->pids = more;
        list->capacity = capacity;
    }
    list->pids[list->count++] = pid;
    return true;
}

bool proc_below(pid_t root, struct proc_list *list) {
    size_t count;
    struct parent *parents = read_parents(&count);
    bool ok = parents != NULL;
    list->count = 0;
    if (ok) mark_below(root, parents, count);
    for (size_t i = 0; ok && i < count; i++) {
        const struct parent *one = &parents[i];
        if (one->below && one->pid != root && !one->dead) ok = add(list, one->pid);
    }
    free(parents);
    return ok;
}

/* ---- One process -------------------------------------------------------- */

bool proc_memory(pid_t pid, struct proc_memory *memory) {
    char text[4096];
    uint64_t shmem = 0;
    *memory = (struct proc_memory){0};
    if (!procfs_read_of(pid, "status", text, sizeof(text))) return false;
    if (!procfs_bytes(text, "VmRSS", &memory->rss)) return false; /* no memory: it ends */
    procfs_bytes(text, "RssAnon", &memory->rss_anon);
    procfs_bytes(text, "RssFile", &memory->rss_file);
    procfs_bytes(text, "RssShmem", &shmem);
    procfs_bytes(text, "VmSwap", &memory->swapped);
    memory->rss_file += shmem;
    const char *threads = procfs_field(text, "Threads"), *ignored = procfs_field(text, "SigIgn");
    if (threads) memory->threads = strtoull(threads, NULL, 10);
    if (ignored) memory->ignores_children = strtoull(ignored, NULL, 16) >> (SIGCHLD - 1) & 1;
    return true;
}

bool proc_exact_memory(pid_t pid, bool shared, struct proc_memory *memory) {
    char text[4096];
    uint64_t rss = 0, anon = 0;
    if (!procfs_read_of(pid, "smaps_rollup", text, sizeof(text))) return false;
    if (!procfs_bytes(text, shared ? "Pss" : "Rss", &rss)) return false;
    if (!procfs_bytes(text, shared ? "Pss_Anon" : "Anonymous", &anon)) return false;
    memory->rss = rss;
    memory->rss_anon = anon;
    memory->rss_file = rss > anon ? rss - anon : 0;
    return true;
}

static DIR *open_threads(pid_t pid) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    return opendir(path);
}

/* The next thread of a process, and its /proc/PID/task/THREAD/stat; 0 when there is no more. */
static pid_t next_thread(pid_t pid, DIR *threads, char *stat, size_t size) {
    char path[64];
    struct dirent *entry;
    while (threads && (entry = readdir(threads)) != NULL) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        if (thread <= 0) continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)thread);
        if (procfs_read(path, stat, size)) return thread;
    }
    return 0;
}

size_t proc_running(pid_t pid, struct proc_thread *threads, size_t most) {
    char text[512];
    size_t count = 0;
    pid_t thread;
    DIR *dir = open_threads(pid);
    while (count < most && (thread = next_thread(pid, dir, text, sizeof(text))) > 0) {
        const char *state = procfs_stat_field(text, PROCFS_STATE);
        if (!state || *state != 'R') continue;
        threads[count++] = (struct proc_thread){
            .id = thread,
            .processor = (int)procfs_stat_number(text, PROCFS_PROCESSOR),
            .stack_begin = procfs_stat_number(text, PROCFS_STACK_BEGIN),
        };
    }
    if (dir) closedir(dir);
    return count;
}

/* The name is in parentheses. */
static bool has_name(const char *text, const char *name) {
    const char *begin = strchr(text, '('), *end = strrchr(text, ')');
    const size_t length = strlen(name);
    return begin && end && (size_t)(end - begin) == length + 1 &&
           memcmp(begin + 1, name, length) == 0;
}

pid_t proc_find_thread(pid_t pid, const char *name) {
    char text[512];
    pid_t thread;
    DIR *dir = open_threads(pid);
    while ((thread = next_thread(pid, dir, text, sizeof(text))) > 0 && !has_name(text, name)) {
        continue;
    }
    if (dir) closedir(dir);
    return thread;
}

bool proc_is_thread(pid_t pid, pid_t thread, const char *name) {
    char file[64], text[512];
    snprintf(file, sizeof(file), "task/%d/stat", (int)thread);
    return procfs_read_of(pid, file, text, sizeof(text)) && has_name(text, name);
}

bool proc_lives(pid_t pid) {
    char text[512];
    bool lives = false;
    DIR *dir = open_threads(pid);
    while (!lives && next_thread(pid, dir, text, sizeof(text)) > 0) {
        lives = procfs_stat_lives(text);
    }
    if (dir) closedir(dir);
    return lives;
}

bool proc_usage(pid_t pid, struct proc_usage *usage) {
    char text[1024];
    *usage = (struct proc_usage){0};
    if (!procfs_read_of(pid, "stat", text, sizeof(text))) return false;
    usage->minor_faults = procfs_stat_number(text, PROCFS_MINOR_FAULTS);
    usage->major_faults = procfs_stat_number(text, PROCFS_MAJOR_FAULTS);
    const uint64_t ticks = procfs_stat_number(text, PROCFS_SYSTEM_TIME);
    usage->system = (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return true;
}

double proc_cpu(pid_t pid) {
    clockid_t clock;
    struct timespec time = {0};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool proc_each_mapped(pid_t pid, bool (*found)(const char *line, const char *path, void *what),
                      void *what) {
    char name[64], line[8192];
    bool done = false;
    snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(name, "re");
    while (maps && !done && fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');
        if (!path) continue;
        path[strcspn(path, "\n")] = '\0';
        done = found(line, path, what);
    }
    if (maps) (void)fclose(maps);
    return done;
}

static bool is_same(const char *line, const char *path, void *other) {
    (void)line;
    return strcmp(path, other) == 0;
}

bool proc_maps(pid_t pid, const char *path) { return proc_each_mapped(pid, is_same, (void *)path); }

const char *const proc_allocators[] = {
    "libjemalloc", "libtcmalloc", "libmimalloc", "libsnmalloc",
    "libhoard",    "librpmalloc", "libzmalloc_", NULL,
};

struct text {
    char *at;
    size_t size;
};

static bool is_allocator(const char *line, const char *path, void *name) {
    (void)line;
    const char *base = cli_base_name(path);
    const struct text *text = name;
    for (size_t i = 0; proc_allocators[i]; i++) {
        if (strncmp(base, proc_allocators[i], strlen(proc_allocators[i])) != 0) continue;
        snprintf(text->at, text->size, "%s", base);
        return true;
    }
    return false;
}

void proc_allocator(pid_t pid, char *name, size_t size) {
    struct text text = {name, size};
    name[0] = '\0';
    (void)proc_each_mapped(pid, is_allocator, &text);
}

uint64_t proc_program(pid_t pid, char *path, size_t size) {
    char link[64], text[1024];
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    ssize_t n = readlink(link, path, size - 1);
    path[n > 0 ? n : 0] = '\0';
    if (n <= 0 || !procfs_read_of(pid, "stat", text, sizeof(text))) return 0;
    return procfs_stat_number(text, PROCFS_STACK_BEGIN); /* its place is random */
}

/* ---- The machine -------------------------------------------------------- */

double proc_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool proc_machine(struct proc_machine *machine) {
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
    double fields[FIELDS] = {0}, tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    char text[256], *at = text + 3, *end;
    *machine = (struct proc_machine){0};
    if (!procfs_read("/proc/stat", text, sizeof(text)) || strncmp(text, "cpu ", 4) != 0)
        return false;
    for (int i = 0; i < FIELDS; i++, at = end) {
        fields[i] = strtod(at, &end) * tick;
        machine->all += fields[i];
    }
    machine->idle = fields[IDLE] + fields[IOWAIT];
    machine->stolen = fields[STEAL];
    return true;
}
