#include "tools/zmeasure/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { MOST_SAMPLES = 1000 };

/* A program that was seen so often has loaded its libraries. */
enum { STARTED = 5 };

/* Looking costs at most this part of the time. */
#define LOOKING 0.02

double own_cpu(void) { return proc_clock(CLOCK_PROCESS_CPUTIME_ID); }

double now(void) { return proc_clock(CLOCK_MONOTONIC); }

void *unforked(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    (void)madvise(memory, size, MADV_DONTFORK);
    return memory;
}

/* Whether a process has the library is looked at until it has; and again when it becomes another
 * program. */
static void note_process(struct watch *watch, pid_t pid, double rss) {
    char program[256];
    size_t i = 0;
    while (i < watch->seen_count && watch->seen[i].pid != pid) i++;
    if (i == MOST_SEEN) return;
    struct seen *seen = &watch->seen[i];
    if (i == watch->seen_count) {
        watch->seen_count++;
        *seen = (struct seen){.pid = pid};
    }
    if (rss > seen->most_rss) seen->most_rss = rss;
    uint64_t image = proc_program(pid, program, sizeof(program));
    if (!program[0]) return;
    bool same = image == seen->image && strcmp(program, seen->program) == 0;
    if (seen->took && same) return;
    strcpy(seen->program, program);
    seen->image = image;
    if (watch->column->variant.library[0])
        seen->took = proc_maps(pid, watch->column->variant.library);
    seen->last = now();
    if (!same) seen->first = seen->last;
    seen->times = same ? seen->times + 1 : 1;
    if (seen->times == STARTED && !watch->column->variant.library[0] &&
        !watch->outcome->allocator[0]) {
        proc_allocator(pid, watch->outcome->allocator, sizeof(watch->outcome->allocator));
    }
}

/* A program has no library yet when it has just started. */
bool ran_without(const struct seen *seen) {
    return !seen->took && seen->times >= STARTED && seen->last - seen->first >= 0.05;
}

/* Adds up the memory of all; false when there is none. */
static bool add_up(struct watch *watch, bool exact, struct proc_memory *sum) {
    bool any = false, several = watch->list.count > 1;
    *sum = (struct proc_memory){0};
    for (size_t i = 0; i < watch->list.count; i++) {
        struct proc_memory memory;
        if (!proc_memory(watch->list.pids[i], &memory)) continue;
        note_process(watch, watch->list.pids[i], (double)memory.rss);
        if (several || exact) (void)proc_exact_memory(watch->list.pids[i], several, &memory);
        sum->rss += memory.rss;
        sum->rss_anon += memory.rss_anon;
        sum->rss_file += memory.rss_file;
        sum->threads += memory.threads;
        if (memory.ignores_children) watch->outcome->ignores_children = true;
        if (memory.swapped > 0) watch->outcome->swapped = true;
        any = true;
    }
    if (several) watch->outcome->several = true;
    return any;
}

/* Keeps a sample.  When there are too many, it drops every second one, and keeps half as many. */
static void keep_sample(struct watch *watch, double time, const struct proc_memory *sum) {
    struct outcome *outcome = watch->outcome;
    if (outcome->sample_count > 0 && time - watch->kept < watch->interval) return;
    if (!outcome->samples) outcome->samples = unforked(MOST_SAMPLES * sizeof(*outcome->samples));
    if (!outcome->samples) return;
    watch->kept = time;
    outcome->samples[outcome->sample_count++] =
        (struct sample){time, (double)sum->rss_anon, (double)sum->rss};
    if (outcome->sample_count < MOST_SAMPLES) return;
    for (size_t i = 0; i < MOST_SAMPLES / 2; i++) outcome->samples[i] = outcome->samples[2 * i];
    outcome->sample_count = MOST_SAMPLES / 2;
    watch->interval = 2 * (time / MOST_SAMPLES);
}

static void note_sum(struct watch *watch, double time, const struct proc_memory *sum) {
    if ((double)sum->rss > watch->most_rss) {
        watch->most_rss = (double)sum->rss;
        watch->most_file = (double)sum->rss_file;
    }
    if ((double)sum->rss_anon > watch->most_anon) watch->most_anon = (double)sum->rss_anon;
    if (sum->threads > watch->most_threads) watch->most_threads = sum->threads;
    if (watch->list.count > watch->most_processes) watch->most_processes = watch->list.count;
    watch->looks++;
    if (time - watch->last > watch->longest) watch->longest = time - watch->last;
    watch->area += (double)sum->rss_anon * (time - watch->last);
    watch->looked += time - watch->last;
    watch->last = time;
    keep_sample(watch, time, sum);
}

/* Looks now.  At first it looks often, as short programs need; later less. */
bool look(struct watch *watch, bool exact, struct proc_memory *sum) {
    double begin = now(), age = begin - watch->begin, cpu = own_cpu();
    if (begin >= watch->next_walk) {
        proc_below(watch->root, &watch->list);
        double pause = (own_cpu() - cpu) / LOOKING;
        watch->next_walk = begin + (pause > 0.02 ? pause : 0.02);
    }
    cpu = own_cpu();
    bool any = add_up(watch, exact, sum);
    if (any) note_sum(watch, age, sum);
    double least = age < 0.02 ? 0.001 : age < 1 ? 0.005 : age < 20 ? age / 200 : 0.1;
    double pause = (own_cpu() - cpu) / LOOKING;
    watch->next = begin + (pause > least ? pause : least);
    return any;
}

void begin_watch(struct watch *watch, const struct column *column, struct outcome *outcome,
                 const struct keeper *keeper) {
    *watch = (struct watch){.column = column, .outcome = outcome, .root = keeper->keeper};
    watch->begin = watch->next = now();
    watch->next_walk = watch->begin + 0.01;
    watch->list.pids = malloc(16 * sizeof(pid_t));
    if (!watch->list.pids) return;
    watch->list = (struct proc_list){watch->list.pids, 1, 16};
    watch->list.pids[0] = keeper->program;
}

bool looked_enough(const struct watch *watch, double seconds) {
    double rest = seconds - watch->last;
    double longest = rest > watch->longest ? rest : watch->longest;
    return watch->looks >= 20 && longest <= 0.1 * seconds;
}

const struct seen *largest_seen(const struct watch *watch) {
    const struct seen *largest = NULL;
    for (size_t i = 0; i < watch->seen_count; i++) {
        const struct seen *seen = &watch->seen[i];
        if (!largest || seen->most_rss > largest->most_rss) largest = seen;
    }
    return largest;
}
