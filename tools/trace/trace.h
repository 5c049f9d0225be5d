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
    ZT_OPS
};

/* Only calls that succeeded are events; realloc(NULL, n) is ZT_MALLOC. */
struct zt_event {
    uint64_t time; /* ns since the trace began; never less than the event before */
    uint64_t size; /* bytes asked for; 0 for ZT_FREE */
    /* The number of the block.  Numbers are the smallest that do, so that they can index an
     * array. The number that was freed last is used again first. */
    uint32_t object;
    uint32_t thread;    /* from 0, in the order of their first events */
    uint8_t op;         /* enum zt_op */
    uint8_t align_log2; /* of ZT_ALIGNED, else 0 */
};

/* Limits that hold for every trace. */
#define ZT_MAX_SIZE ((UINT64_C(1) << 48) - 1)
#define ZT_MAX_ALIGN_LOG2 47
#define ZT_MAX_LIVE (UINT32_C(1) << 26)
#define ZT_MAX_THREADS (UINT32_C(1) << 20)
#define ZT_MAX_TICK UINT32_C(1000000000)
#define ZT_MAX_INFO 65536 /* bytes of all notes together */

struct zt_error {
    char text[512]; /* one line without a newline; "" when there was no error */
};

/* ---- Writing ---------------------------------------------------------- */

struct zt_options {
    uint32_t tick_ns;      /* times are rounded down to whole ticks; 0 means 1 */
    uint32_t block_events; /* at most so many in a block; 0 means the default, the most */
};

struct zt_writer;

/* Writes to `fd`, which stays the caller's; `name` is for errors and `error`
 * must live as long as the writer.  NULL on failure. */
struct zt_writer *zt_writer_open(int fd, const char *name, const struct zt_options *options,
                                 struct zt_error *error);

/* Adds a note, such as the name of the program: `key` of [a-z0-9-], `value` one
 * line.  0 or -1. */
int zt_writer_note(struct zt_writer *writer, const char *key, const char *value);

/* Adds an event.  For an allocation it sets event->object to the new number; realloc and free
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

/* Threads seen so far. */
uint32_t zt_reader_threads(const struct zt_reader *reader);

void zt_reader_close(struct zt_reader *reader);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_TRACE_TRACE_H_ */
