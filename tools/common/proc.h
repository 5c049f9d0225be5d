/* Reads what Linux tells of processes and of the machine, in /proc. */
#ifndef TOOLS_COMMON_PROC_H_
#define TOOLS_COMMON_PROC_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory of a process, in bytes. */
struct proc_memory {
    uint64_t rss;      /* resident */
    uint64_t rss_anon; /* of it, not of a file: what an allocator decides about */
    uint64_t rss_file; /* of it, of files, such as libraries */
    uint64_t swapped;  /* not resident, because it was swapped out */
    uint64_t threads;
    bool ignores_children; /* it ignores SIGCHLD: nobody gets its children's CPU time */
};

/* A list of processes. */
struct proc_list {
    pid_t *pids;
    size_t count, capacity;
};

/* The processes below `root`, without it, zombies left out.  False without memory, or without
 * /proc; the list then ends early.  The caller frees `pids`. */
bool proc_below(pid_t root, struct proc_list *list);

/* The memory of a process; false when it is gone, or is a zombie.  What it shares with other
 * processes counts in full. */
bool proc_memory(pid_t pid, struct proc_memory *memory);

/* The same by its page tables, exact and slower.  With `shared`, a page that n processes share
 * counts as 1/n, so that sums are right.  False when it cannot be read; *memory is then as it
 * was. */
bool proc_exact_memory(pid_t pid, bool shared, struct proc_memory *memory);

struct proc_thread {
    pid_t id;
    int processor;        /* which it had last */
    uint64_t stack_begin; /* where the stack of its program begins; 0: it may not be known */
};

/* The threads of a process that run, or wait for a processor, up to `most`; returns how many. */
size_t proc_running(pid_t pid, struct proc_thread *threads, size_t most);

/* A thread of a process that has this name, or 0; and whether a thread has it. */
pid_t proc_find_thread(pid_t pid, const char *name);
bool proc_is_thread(pid_t pid, pid_t thread, const char *name);

/* Whether a thread of a process has not ended. */
bool proc_lives(pid_t pid);

/* The CPU time of a process, in seconds; 0 when it is gone.  A zombie still has it. */
double proc_cpu(pid_t pid);

/* What a process has taken since it began. */
struct proc_usage {
    double
        system; /* seconds of its CPU time in the kernel, which counts in ticks of mostly 10 ms */
    uint64_t minor_faults, major_faults; /* page faults: without and with reading a file */
};

/* False when the process is gone.  A zombie still has these. */
bool proc_usage(pid_t pid, struct proc_usage *usage);

/* Calls `found` with each line of /proc/PID/maps that has a path, and with the path, until it
 * returns true.  Returns whether it did. */
bool proc_each_mapped(pid_t pid, bool (*found)(const char *line, const char *path, void *what),
                      void *what);

/* Whether a process has mapped a file, by the path that the kernel has for it. */
bool proc_maps(pid_t pid, const char *path);

/* Allocators that are shared libraries: how their files' names begin.  Ends with NULL. */
extern const char *const proc_allocators[];

/* The name of the first allocator among the files that a process has mapped; "" when there is none.
 */
void proc_allocator(pid_t pid, char *name, size_t size);

/* The program that a process runs, "" when it is gone.  Returns a number that most likely changes
 * when the process becomes a program, also when it is the same one again. */
uint64_t proc_program(pid_t pid, char *path, size_t size);

/* A clock, in seconds. */
double proc_clock(clockid_t clock);

/* Time of all processors, in seconds. */
struct proc_machine {
    double all, idle, stolen;
};

/* False where it is not told. */
bool proc_machine(struct proc_machine *machine);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_PROC_H_ */
