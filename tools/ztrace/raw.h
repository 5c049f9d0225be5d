/* The raw recording: a file that launcher and recorded program both map, so
 * that the records of the program are there however it ends.
 *
 * A header, then samples that the launcher takes of the program, then chunks of records.  One
 * thread at a time writes to a chunk, front to back; a thread that ends leaves the rest of its
 * chunk to another. Within a chunk sequence numbers only grow; a record of zeros is its end. All is
 * in the byte order of the machine: the file never leaves it.
 */
#ifndef TOOLS_ZTRACE_RAW_H_
#define TOOLS_ZTRACE_RAW_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define RAW_MAGIC UINT64_C(0x34776172617274)

/* All are multiples of the page size of every machine. */
#define RAW_HEADER_SIZE 131072
#define RAW_SAMPLES_SIZE 65536
#define RAW_CHUNK_SIZE 262144

/* Where the chunks begin. */
#define RAW_BEGIN_SIZE (RAW_HEADER_SIZE + RAW_SAMPLES_SIZE)

/* The file, and the process that may write to it: that process's children inherit the
 * environment as well. */
#define RAW_ENV_FILE "ZTRACE_RAW_FILE"
#define RAW_ENV_PID "ZTRACE_PID"

/* Processes that follow each other have different numbers, modulo this. */
#define RAW_CHILDREN (UINT32_C(1) << 18)

/* Why the recording stopped before the program. */
enum raw_stop { RAW_GOES_ON, RAW_TIME_OVER, RAW_FULL, RAW_LEFT };

/* With --stacks: the deepest ones, how many there may be, and text about modules. */
#define RAW_MAX_DEPTH 64
#define RAW_MAX_STACKS 65536
#define RAW_MODULES_SIZE 32768

/* With --follow, so many children at most have a recording of their own. */
#define RAW_MAX_FOLLOWED 1000

/* What became of a process. */
enum raw_state {
    RAW_NOTHING,      /* a child of vfork that executed nothing */
    RAW_NO_RECORDING, /* none could be made; there is an errno */
    RAW_RECORDED,
    RAW_EXECUTES, /* it executes a program, and the library was not loaded there (so far) */
};

/* A process that --follow follows. */
struct raw_process {
    _Atomic uint32_t pid;   /* in its own /proc; written last; 0: not yet there */
    _Atomic uint32_t state; /* enum raw_state */
    _Atomic uint64_t start; /* as /proc tells, so that a later process of that number is another; 0:
                               not known */
    _Atomic uint32_t has_file; /* it has a recording */
    _Atomic uint32_t error;
    char name[32]; /* of the program that it executes */
};

struct raw_header {
    uint64_t magic;
    uint64_t start_ns;        /* CLOCK_MONOTONIC */
    int64_t start_time;       /* seconds since 1970 */
    uint64_t until_ns;        /* CLOCK_MONOTONIC: the recording stops then */
    uint64_t max_size;        /* of this file: the recording stops when it would be larger */
    _Atomic uint32_t stopped; /* enum raw_stop */
    _Atomic uint32_t paused;  /* nothing is recorded yet */
    _Atomic uint32_t asked;   /* a signal asked to stop, which is why the time is over */
    uint64_t paused_ns;       /* so long it was paused at the beginning */
    char program[128];        /* its name without folders */
    char obstacle[256];       /* why less of it is recorded than it allocates, or "" */
    char allocator[64];       /* the file name of the library whose malloc it called, or "" */
    _Atomic uint32_t images;  /* programs that the process has run: 1 + its execs */
    _Atomic uint32_t chunks;  /* given out; the file may end before the last */
    _Atomic uint32_t threads; /* numbers given out */
    _Atomic uint32_t failed;  /* errno of the first chunk that could not be had */
    _Atomic uint64_t lost;    /* events that were not recorded */
    /* What some of the events took the recorder, in ns, and how many those are. */
    _Atomic uint64_t measured_ns;
    _Atomic uint64_t measured;
    _Atomic uint32_t samples; /* of the launcher, each a struct zt_sample */
    /* When the launcher first saw jemalloc's background thread, and last, in ns since the start, 0:
     * never; and how often it then looked without seeing it. */
    _Atomic uint64_t background_first_ns, background_last_ns;
    _Atomic uint32_t background_missed;
    uint32_t number;     /* of a child that is followed, in the table; else 0 */
    uint32_t pid;        /* of a child that is followed */
    bool forked;         /* it is such a child, made by fork */
    char path[1024];     /* of the program that such a child runs */
    char executed[32];   /* the program that such a child executed last, if that one did not
                            load the library, or "" */
    uint32_t stacks;     /* so many frames of each at most; 0: none are recorded */
    uint64_t stack_rate; /* bytes from one to the next, on average */
    _Atomic uint64_t stacks_lost;   /* there was no room for one more */
    _Atomic uint32_t modules_size;  /* in use, in: */
    char modules[RAW_MODULES_SIZE]; /* lines of stack.c */
    /* On a cache line of its own: every event takes a number. */
    _Alignas(128) _Atomic uint64_t sequence;
    /* Processes that the recorded one started, and that were not recorded. */
    _Alignas(128) _Atomic uint32_t children;
    _Atomic uint32_t child[RAW_CHILDREN / 32]; /* a bit for each, by its pid */
    /* In the recording of the first process: that process, and all that come of it. */
    _Atomic int32_t forks;      /* children that are not yet in the table, or counted */
    _Atomic uint32_t over;      /* the first process has ended */
    uint32_t follow;            /* so many children at most; 0: none */
    _Atomic uint32_t processes; /* entries given out: more than there are when there is no room */
    struct raw_process process[RAW_MAX_FOLLOWED + 1];
};

/* The entries of the table that are given out. */
static inline uint32_t raw_processes(const struct raw_header *header) {
    uint32_t most = header->follow < RAW_MAX_FOLLOWED ? header->follow + 1 : RAW_MAX_FOLLOWED + 1;
    uint32_t count = atomic_load(&((struct raw_header *)header)->processes);
    return count < most ? count : most;
}

/* The name of a child's recording, from that of the first process's: "FILE.raw", "FILE.1.raw". */
static inline bool raw_name_of_child(const char *first, uint32_t number, char *name, size_t size) {
    int length = (int)strlen(first) - 4;
    int needed = snprintf(name, size, "%.*s.%u.raw", length < 0 ? 0 : length, first, number);
    return needed > 0 && (size_t)needed < size;
}

/* Counts a process that is not recorded.  A process that was forked is new; one that starts a
 * program may have been counted at its fork. */
static inline void raw_count_child(struct raw_header *header, uint32_t pid, bool forked) {
    uint32_t number = pid % RAW_CHILDREN, bit = UINT32_C(1) << number % 32;
    bool known = atomic_fetch_or(&header->child[number / 32], bit) & bit;
    if (forked || !known) atomic_fetch_add(&header->children, 1);
}

_Static_assert(sizeof(struct raw_header) <= RAW_HEADER_SIZE, "the header has its place");

enum raw_op {
    RAW_MALLOC,
    RAW_CALLOC,
    RAW_ALIGNED,
    RAW_FREE,          /* noted before the block goes back */
    RAW_REALLOC_BEGIN, /* the old address, before the call: another thread may get it ... */
    RAW_REALLOC_END,   /* ... before the call returns the new one, or 0 when it failed */
    RAW_EXEC,          /* another program runs from here: all blocks are gone */
    RAW_TOUCHED,       /* so many bytes of a live block lie in resident pages */
    RAW_THREAD_END,
    RAW_FRAME, /* an address of a call stack, the innermost first; the last one has: */
    RAW_STACK, /* the number of the stack, as its size, of the thread's next allocation */
    RAW_OPS
};

#define RAW_THREAD_BITS 20
#define RAW_MAX_THREADS (UINT32_C(1) << RAW_THREAD_BITS)

/* A cache line holds two. */
struct raw_record {
    _Atomic uint64_t sequence; /* from 1, << RAW_THREAD_BITS | thread; written last */
    uint64_t time_ns;          /* CLOCK_MONOTONIC */
    uint64_t address;
    uint64_t size_op; /* size << 16 | detail << 8 | op */
};

/* The detail of RAW_ALIGNED is the log2 of the alignment; that of a RAW_REALLOC_END is this when
 * the call returned NULL because it freed the block. */
#define RAW_FREED 1

/* The detail of RAW_FREE and RAW_REALLOC_BEGIN when their size is how much of the block was
 * touched; otherwise that is not known. */
#define RAW_LOOKED 1

/* The detail of RAW_STACK is how many RAW_FRAMEs come before it: 0 if the stack is known. */

/* From this size on, it is recorded how much of a block the program touched. */
#define RAW_LARGE 8192

#define RAW_CHUNK_RECORDS (RAW_CHUNK_SIZE / sizeof(struct raw_record))

#endif /* TOOLS_ZTRACE_RAW_H_ */
