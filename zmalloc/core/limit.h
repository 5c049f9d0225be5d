/* The limits on used memory that zmalloc/limit.h documents.
 *
 * They are looked at where a thread's counter leaves its window (accounting.h), so they cost
 * nothing on the fast paths.  While there is a limit, windows end where used memory reaches it, as
 * far as a thread can know: each other thread may use up its own window first.
 *
 * For C and C++: code that is compiled together with an allocator includes this too.
 */
#ifndef ZMALLOC_CORE_LIMIT_H_
#define ZMALLOC_CORE_LIMIT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In bytes of used memory; ZM_NO_LIMIT: none. */
#define ZM_NO_LIMIT INT64_MAX

struct zm_limits {
    unsigned generation; /* of zm_limits_get(): a number for each zm_limits_set() */
    int64_t soft, hard;
    void (*callback)(void *arg, bool above, size_t used); /* or NULL */
    void *arg;
};

/* Takes the place of all limits before, and returns the new generation.  Waits until no callback
 * runs, unless it is called from one.  Any thread may call these functions. */
unsigned zm_limits_set(const struct zm_limits *limits);
void zm_limits_get(struct zm_limits *limits);

/* Changes both limits, unless others were set since that generation; all else stays. */
void zm_limits_move(unsigned generation, int64_t soft, int64_t hard);

/* Whether the soft limit is crossed. */
bool zm_limit_is_above(void);

/* Requests of more bytes than this are checked before they are made: the size of a window while
 * there is a hard limit, else SIZE_MAX.  Atomic. */
extern size_t zm_limit_checks_above __attribute__((visibility("hidden")));

/* Whether there is a hard limit. */
static inline bool zm_limit_checks(void) {
    return __builtin_expect(__atomic_load_n(&zm_limit_checks_above, __ATOMIC_RELAXED) != SIZE_MAX,
                            0);
}

/* Whether so many bytes more would exceed the hard limit; 0: whether what is counted exceeds it. */
bool zm_limit_exceeded_by(size_t bytes);

/* Whether a request must fail, because it is large and would exceed the hard limit.  Smaller ones
 * are checked when they are counted. */
static inline bool zm_limit_refuses(size_t size) {
    return __builtin_expect(size > __atomic_load_n(&zm_limit_checks_above, __ATOMIC_RELAXED), 0) &&
           zm_limit_exceeded_by(size);
}

/* For a request that cannot be taken back after it was made: holds the bytes in advance, so that no
 * other request gets them, or returns false if they would exceed the hard limit.  The caller
 * releases them once the request is over and counted; until then it makes no other request. */
bool zm_limit_reserve(size_t bytes);
void zm_limit_release(size_t bytes);

/* Frees a new block of the allocator, without counting.  zmalloc/limit.c defines it.  Because
 * limit.c refers to it, the linker takes that file into every program. */
void zm_limit_free(void *ptr);

/* For pressure.c, in zmalloc/limit.c too.  If the limits are shares of the memory that the process
 * may use: reads how much that is, and moves the limits if it has changed. */
void zm_limit_follow(void);

/* ---- Between limit.c and accounting.c --------------------------------------- */

/* Sets by how many bytes used memory may rise and fall before there is something to do. */
void zm_limit_room(int64_t used, int64_t *up, int64_t *down);

/* Calls the callback if used memory has crossed the soft limit.  Call it without a lock. */
void zm_limit_tell(void);

/* Frees a new block that exceeds the hard limit and is no longer counted.  Returns NULL and sets
 * errno. */
void *zm_limit_give_back(void *ptr);

/* The thread that calls is the only one of a child of fork. */
void zm_limit_in_child(void);

/* Moves the window of this thread, so that it heeds new limits. */
void zm_accounting_limits_changed(void);

/* Calls zm_limit_tell() if there is a limit and this thread may. */
void zm_accounting_tell_of_limit(void);

/* Sleeps for a microsecond or longer.  Keeps errno, and is no point of cancellation. */
void zm_sleep_briefly(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_LIMIT_H_ */
