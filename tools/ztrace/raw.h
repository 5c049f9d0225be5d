/* The raw recording: a file that launcher and recorded program both map, so
 * that what the program wrote is there however it ends.
 *
 * A header, then chunks of records.  One thread at a time writes to a chunk,
 * front to back; a thread that ends leaves the rest of its chunk to another.
 * Within a chunk sequence numbers only grow; a record of zeros is its end.
 * All is in the byte order of the machine: the file never leaves it.
 */
#ifndef TOOLS_ZTRACE_RAW_H_
#define TOOLS_ZTRACE_RAW_H_

#include <stdatomic.h>
#include <stdint.h>

#define RAW_MAGIC UINT64_C(0x31776172617274)

/* Both are multiples of the page size of every machine. */
#define RAW_HEADER_SIZE 65536
#define RAW_CHUNK_SIZE 262144

/* Which file, and the process that may write to it: its children inherit the
 * environment as well. */
#define RAW_ENV_FILE "ZTRACE_RAW_FILE"
#define RAW_ENV_PID "ZTRACE_PID"

#define RAW_MAX_CHILDREN 4096

struct raw_header {
    uint64_t magic;
    uint64_t start_ns;        /* CLOCK_MONOTONIC */
    int64_t start_time;       /* seconds since 1970 */
    char program[128];        /* its name without folders */
    _Atomic uint32_t images;  /* programs that the process has run: 1 + its execs */
    _Atomic uint32_t chunks;  /* given out; the file may end before the last */
    _Atomic uint32_t threads; /* numbers given out */
    _Atomic uint32_t failed;  /* errno of the first chunk that could not be had */
    _Atomic uint64_t lost;    /* events that were not recorded */
    /* On a line of its own: every event takes a number. */
    _Alignas(128) _Atomic uint64_t sequence;
    /* Processes that came of the recorded one and were not recorded. */
    _Alignas(128) _Atomic uint32_t children;
    _Atomic uint32_t child[RAW_MAX_CHILDREN]; /* pids of the first, to count each once */
};

/* Notes a process that is not recorded, once. */
static inline void raw_note_child(struct raw_header *header, uint32_t pid) {
    for (int i = 0; i < RAW_MAX_CHILDREN; i++) {
        uint32_t seen = 0;
        if (atomic_compare_exchange_strong(&header->child[i], &seen, pid)) break;
        if (seen == pid) return;
    }
    atomic_fetch_add(&header->children, 1);
}

enum raw_op {
    RAW_MALLOC,
    RAW_CALLOC,
    RAW_ALIGNED,
    RAW_FREE,          /* noted before the block goes back */
    RAW_REALLOC_BEGIN, /* the old address, before the call: another thread may get it ... */
    RAW_REALLOC_END,   /* ... before the call returns the new one, or 0 when it failed */
    RAW_EXEC,          /* another program runs from here: all blocks are gone */
    RAW_OPS
};

#define RAW_THREAD_BITS 20
#define RAW_MAX_THREADS (UINT32_C(1) << RAW_THREAD_BITS)

/* Two fit a cache line. */
struct raw_record {
    _Atomic uint64_t sequence; /* from 1, << RAW_THREAD_BITS | thread; written last */
    uint64_t time_ns;          /* CLOCK_MONOTONIC */
    uint64_t address;
    uint64_t size_op; /* size << 16 | detail << 8 | op */
};

/* The detail is the log2 of RAW_ALIGNED's alignment; this for a RAW_REALLOC_END
 * whose call returned NULL because it freed the block. */
#define RAW_FREED 1

#define RAW_CHUNK_RECORDS (RAW_CHUNK_SIZE / sizeof(struct raw_record))

#endif /* TOOLS_ZTRACE_RAW_H_ */
