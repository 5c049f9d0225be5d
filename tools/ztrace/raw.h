/* The raw recording: a file that launcher and recorded program both map, so
 * that the records of the program are there however it ends.
 *
 * A header, then chunks of records.  One thread at a time writes to a chunk,
 * front to back; a thread that ends leaves the rest of its chunk to another.
 * Within a chunk sequence numbers only grow; a record of zeros is its end.
 * All is in the byte order of the machine: the file never leaves it.
 */
#ifndef TOOLS_ZTRACE_RAW_H_
#define TOOLS_ZTRACE_RAW_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RAW_MAGIC UINT64_C(0x31776172617274)

/* Both are multiples of the page size of every machine. */
#define RAW_HEADER_SIZE 65536
#define RAW_CHUNK_SIZE 262144

/* The file, and the process that may write to it: that process's children inherit the
 * environment as well. */
#define RAW_ENV_FILE "ZTRACE_RAW_FILE"
#define RAW_ENV_PID "ZTRACE_PID"

/* Processes that follow each other have different numbers, modulo this. */
#define RAW_CHILDREN (UINT32_C(1) << 18)

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
    /* On a cache line of its own: every event takes a number. */
    _Alignas(128) _Atomic uint64_t sequence;
    /* Processes that the recorded one started, and that were not recorded. */
    _Alignas(128) _Atomic uint32_t children;
    _Atomic uint32_t child[RAW_CHILDREN / 32]; /* a bit for each, by its pid */
};

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

#define RAW_CHUNK_RECORDS (RAW_CHUNK_SIZE / sizeof(struct raw_record))

#endif /* TOOLS_ZTRACE_RAW_H_ */
