/* Allocation traces: the requests of a program to its allocator, in order, with
 * thread and time.  FORMAT.md describes the file.
 *
 * These rules hold for every function:
 *  - Memory comes straight from the OS, never from malloc, so that reading a
 *    trace leaves no mark on an allocator that is measured.
 *  - A failure fills the zt_error that was given at opening with one line, and
 *    every later call fails as well.
 *  - One reader or writer is used by one thread at a time.
 */
#ifndef TOOLS_TRACE_TRACE_H_
#define TOOLS_TRACE_TRACE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum zt_op {
    ZT_MALLOC,
    ZT_CALLOC,
    ZT_ALIGNED, /* posix_memalign, aligned_alloc and their like */
    ZT_REALLOC, /* of a live object, to a size that may be 0 */
    ZT_FREE,
    ZT_OPS, /* so many kinds of calls; the others are no calls: */
    /* Of a live block of 8 KiB or more, `size` bytes lie in pages that are resident: the program
     * wrote to them, or the allocator did.  Pages of zeros that calloc gave do not count.  It comes
     * before the block is freed or resized, and at the end of the program.  There may be several
     * for a block, or none: unknown. */
    ZT_TOUCHED = ZT_OPS,
    /* The thread ended.  Of no block.  If the thread has later events, made by destructors of its
     * own, it ends once more. */
    ZT_THREAD_END,
    ZT_KINDS
};

/* Only calls that succeeded are events; realloc(NULL, n) is ZT_MALLOC. */
struct zt_event {
    uint64_t time; /* ns since the trace began; never less than the event before */
    uint64_t size; /* bytes asked for, or touched; else 0 */
    /* The number of the block.  Numbers are the smallest that do, so that they can index an
     * array. The number that was freed last is used again first. */
    uint32_t object;
    uint32_t thread;    /* from 0, in the order of their first events, which are calls */
    uint8_t op;         /* enum zt_op, below ZT_KINDS */
    uint8_t align_log2; /* of ZT_ALIGNED, else 0 */
    uint32_t stack;     /* of an allocation or realloc: 1 + the number of its call stack; 0: none */
};

/* A file with code that was in the recorded process. */
struct zt_module {
    const char *path, *build_id; /* "" where not known */
};

/* An instruction, within a call. */
struct zt_frame {
    uint64_t offset; /* in the module's file; without a module the address */
    uint32_t module; /* ZT_NO_MODULE: not known */
};

#define ZT_NO_MODULE UINT32_MAX

/* The frames frame_of[first] to frame_of[first + depth - 1], the innermost first. */
struct zt_stack {
    uint32_t first, depth; /* a depth of 0: not known */
};

/* The call stacks of events.  Not each allocation has one: a block of n bytes has one with a
 * probability of 1 - exp(-n / rate); if the rate is 1, all have. */
struct zt_stacks {
    uint64_t rate;
    struct zt_module *module;
    struct zt_frame *frame;
    uint32_t *frame_of;
    struct zt_stack *stack;
    uint32_t modules, frames, frames_of, stacks;
    char *text; /* what modules point into */
};

/* The recorded process, as it was seen from outside at one time.  Its children do not count. */
struct zt_sample {
    uint64_t time;         /* ns since the trace began */
    uint64_t rss;          /* bytes */
    uint64_t rss_anon;     /* of it, what lies in no file */
    uint64_t cpu;          /* ns of CPU time so far, that of recording included */
    uint64_t system;       /* of it, in the kernel, which may count in steps of 10 ms */
    uint64_t minor_faults; /* so far */
    uint64_t major_faults; /* those for which something was read */
    uint32_t threads;
};

/* Whether time and the sums of a sample are no less than those of the one before. */
static inline bool zt_sample_follows(const struct zt_sample *before,
                                     const struct zt_sample *sample) {
    return before->time <= sample->time && before->cpu <= sample->cpu &&
           before->system <= sample->system && before->minor_faults <= sample->minor_faults &&
           before->major_faults <= sample->major_faults;
}

/* Limits that hold for every trace. */
#define ZT_MAX_SIZE ((UINT64_C(1) << 48) - 1)
#define ZT_MAX_ALIGN_LOG2 47
#define ZT_MAX_LIVE (UINT32_C(1) << 26)
#define ZT_MAX_THREADS (UINT32_C(1) << 20)
#define ZT_MAX_TICK UINT32_C(1000000000)
#define ZT_MAX_INFO 65536 /* bytes of all notes together */
#define ZT_MAX_SAMPLES 4096
#define ZT_MAX_STACKS 65536
#define ZT_MAX_DEPTH 64
#define ZT_MAX_MODULES 4096
#define ZT_MAX_FRAMES (UINT32_C(1) << 20)

struct zt_error {
    char text[512]; /* one line without a newline; "" when there was no error */
};

/* ---- Writing ---------------------------------------------------------- */

struct zt_options {
    uint32_t tick_ns;      /* times are rounded down to whole ticks; 0 means 1 */
    uint32_t block_events; /* at most so many in a block; 0 means the default, the most */
    bool stacks;           /* there will be stacks; the trace then is of version 3, else of 2 */
};

struct zt_writer;

/* Writes to `fd`, which stays the caller's; `name` is for errors and `error`
 * must live as long as the writer.  NULL on failure. */
struct zt_writer *zt_writer_open(int fd, const char *name, const struct zt_options *options,
                                 struct zt_error *error);

/* Adds a note, such as the name of the program: `key` of [a-z0-9-], `value` one
 * line.  0 or -1. */
int zt_writer_note(struct zt_writer *writer, const char *key, const char *value);

/* Adds the samples, each of which follows the one before: once, before the first event.  Times
 * are rounded down to us, memory to KiB.  0 or -1. */
int zt_writer_samples(struct zt_writer *writer, const struct zt_sample *samples, size_t count);

/* Adds the stacks that events have: once, after the last event.  0 or -1. */
int zt_writer_stacks(struct zt_writer *writer, const struct zt_stacks *stacks);

/* Adds an event.  For an allocation it sets event->object to the new number; other events
 * give a number that is live.  A time before the last one counts as the same time.  0 or -1. */
int zt_write(struct zt_writer *writer, struct zt_event *event);

/* Ends the trace, unless there was a failure, and frees the writer.  0 or -1. */
int zt_writer_close(struct zt_writer *writer);

/* ---- Reading ---------------------------------------------------------- */

struct zt_reader;

/* Opens a trace; the fd of the second form stays the caller's.  NULL when it
 * cannot be opened or does not begin as a trace does. */
struct zt_reader *zt_reader_open(const char *path, struct zt_error *error);
struct zt_reader *zt_reader_open_fd(int fd, const char *name, struct zt_error *error);

/* Reads the next event: 1, or 0 at the end, or -1 where the file is damaged. */
int zt_read(struct zt_reader *reader, struct zt_event *event);

/* True once zt_read() has returned 0 at a point where no trace ends: all whole
 * blocks were read, the rest is missing. */
bool zt_reader_truncated(const struct zt_reader *reader);

/* Bytes of the file up to and including the last whole block read. */
uint64_t zt_reader_offset(const struct zt_reader *reader);

/* A note read so far, valid until the next is asked for, or NULL.  Printable
 * ASCII, whatever the file holds. */
const char *zt_reader_note(struct zt_reader *reader, const char *key);

/* The samples, in the order of their times; returns how many there are.  They are there once the
 * first event, or the end, was read; a trace of version 1 has none.  Where the recording saw the
 * process end, the last sample is that of its end: it has no memory then. */
size_t zt_reader_samples(const struct zt_reader *reader, const struct zt_sample **samples);

/* The stacks, once the end was read; NULL when the trace has none.  An event's may be missing where
 * the trace is truncated. */
const struct zt_stacks *zt_reader_stacks(const struct zt_reader *reader);

/* Threads seen so far. */
uint32_t zt_reader_threads(const struct zt_reader *reader);

void zt_reader_close(struct zt_reader *reader);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_TRACE_TRACE_H_ */
