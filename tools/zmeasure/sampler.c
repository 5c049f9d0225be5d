#include "tools/zmeasure/sampler.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/zmeasure/share.h"

/* Looking costs at most this part of the time. */
#define LOOKING 0.05

/* Seconds between two looks, on average. */
#define PAUSE 0.001

enum { MOST_PROCESSES = 1024 };

struct sampled {
    pid_t process;
    double seconds;     /* of CPU time, when it was last seen running */
    double looked, cpu; /* when it was looked at last, and its CPU time then; 0: never */
};

bool sampler_open(struct sampler *sampler) {
    *sampler = (struct sampler){.fd = memfd_create("zmeasure", MFD_CLOEXEC), .random = 1};
    if (sampler->fd < 0) return false;
    snprintf(sampler->file, sizeof(sampler->file), "/proc/%d/fd/%d", (int)getpid(), sampler->fd);
    void *map = MAP_FAILED;
    if (ftruncate(sampler->fd, sizeof(struct share)) == 0) {
        map = mmap(NULL, sizeof(struct share), PROT_READ | PROT_WRITE, MAP_SHARED, sampler->fd, 0);
    }
    if (map != MAP_FAILED) sampler->share = map;
    sampler->processes = calloc(MOST_PROCESSES, sizeof(*sampler->processes));
    if (!sampler->share || !sampler->processes) sampler_close(sampler);
    return sampler->share != NULL;
}

void sampler_close(struct sampler *sampler) {
    free(sampler->processes);
    sampler->processes = NULL;
    if (sampler->share) munmap(sampler->share, sizeof(*sampler->share));
    if (sampler->fd >= 0) close(sampler->fd);
    sampler->share = NULL;
    sampler->fd = -1;
}

double sampler_looks(const struct sampler *sampler) {
    return sampler->squares > 0 ? sampler->seconds * sampler->seconds / sampler->squares : 0;
}

/* Whether the thread has called malloc, or is the first one of a process with the library.  Marks
 * may be left of a program that the process was before. */
static bool is_marked(const struct sampler *sampler, pid_t thread, uint64_t stack_begin) {
    const struct share_slot *slot = share_slot(sampler->share, thread);
    return atomic_load(&slot->thread) == thread && atomic_load(&slot->stack_begin) == stack_begin;
}

static struct sampled *find(struct sampler *sampler, pid_t process) {
    size_t i = 0;
    while (i < sampler->count && sampler->processes[i].process != process) i++;
    if (i == MOST_PROCESSES) return NULL;
    if (i == sampler->count) sampler->processes[sampler->count++].process = process;
    return &sampler->processes[i];
}

double sampler_waiting(const struct sampler *sampler) {
    const double waited = sampler->runnable - sampler->ran;
    return waited > 0 ? waited / sampler->runnable : 0;
}

double sampler_left_out(const struct sampler *sampler) {
    return sampler->seen > 0 ? 1 - sampler->seen_running / sampler->seen : 0;
}

/* A thread that was able to run took CPU time, or waited for a processor. */
static void note_waiting(struct sampler *sampler, struct sampled *sampled, size_t runnable,
                         double cpu) {
    const double now = proc_clock(CLOCK_MONOTONIC);
    if (cpu < sampled->cpu) return; /* it has ended */
    if (sampled->looked != 0) {
        sampler->runnable += (double)runnable * (now - sampled->looked);
        sampler->ran += cpu - sampled->cpu;
    }
    sampled->looked = now;
    sampled->cpu = cpu;
}

/* Leaves out threads that wait for this processor, which this look has. */
static size_t leave_out_waiting(struct proc_thread *threads, size_t count) {
    const int ours = sched_getcpu();
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (threads[i].processor != ours) threads[kept++] = threads[i];
    }
    return kept;
}

/* A thread that runs stands for the CPU time since the last look. */
void sampler_look(struct sampler *sampler, pid_t process) {
    enum { MOST = 256 };
    struct proc_thread threads[MOST];
    struct sampled *sampled = find(sampler, process);
    size_t count = proc_running(process, threads, MOST);
    double seconds = proc_cpu(process), weight;
    if (sampled) note_waiting(sampler, sampled, count, seconds);
    sampler->seen += (double)count;
    count = leave_out_waiting(threads, count);
    sampler->seen_running += (double)count;
    if (count == 0 || !sampled || seconds <= sampled->seconds) return;
    weight = seconds - sampled->seconds;
    sampled->seconds = seconds;
    sampler->seconds += weight;
    sampler->squares += weight * weight;
    if (!is_marked(sampler, process, threads[0].stack_begin)) sampler->unmarked += weight;
    for (size_t i = 0; i < count; i++) {
        if (!is_marked(sampler, threads[i].id, threads[i].stack_begin)) continue;
        if (atomic_load(&share_slot(sampler->share, threads[i].id)->inside)) {
            sampler->inside += weight / (double)count;
        }
    }
}

/* From 0 to 2, on average 1: a fixed pause could go along with what the program repeats. */
static double draw(struct sampler *sampler) {
    sampler->random = sampler->random * 6364136223846793005 + 1442695040888963407;
    return (double)(sampler->random >> 33) / (double)(UINT64_C(1) << 30);
}

void sampler_wait(struct sampler *sampler, double seconds) {
    double pause = seconds / LOOKING > PAUSE ? seconds / LOOKING : PAUSE;
    sampler->next = proc_clock(CLOCK_MONOTONIC) + pause * draw(sampler);
}
