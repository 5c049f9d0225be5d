/* For tests: the libc's calls, some of which fail.
 *
 * A plan says which calls fail.  It holds for all threads, from zm_failing_begin() to
 * zm_failing_end(); before and after that no call fails.  Calls are counted from 1, over
 * all threads.
 */
#ifndef ZMALLOC_ALLOCATOR_FAILING_FAILING_H_
#define ZMALLOC_ALLOCATOR_FAILING_FAILING_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A call fails if one of these conditions holds; 0 switches a condition off. */
struct zm_failing_plan {
    uint64_t nth;      /* only the n-th call */
    uint64_t from;     /* the n-th call and all after it */
    uint64_t every;    /* each n-th call */
    size_t least_size; /* calls that request this many bytes or more */
};

struct zm_failing_counts {
    uint64_t calls;    /* calls that could have failed */
    uint64_t injected; /* calls that failed */
};

/* Begin and end a plan.  Do not call them while other threads are inside such calls. */
void zm_failing_begin(const struct zm_failing_plan *plan);
struct zm_failing_counts zm_failing_end(void);

/* Counts a call that requests `size` bytes; returns whether it must fail. */
bool zm_failing(size_t size);

/* The libc's functions, which fail as the plan says. */
void *zm_failing_malloc(size_t size);
void *zm_failing_calloc(size_t number, size_t size);
void *zm_failing_realloc(void *ptr, size_t size);
int zm_failing_posix_memalign(void **ptr, size_t alignment, size_t size);
void zm_failing_free(void *ptr);

/* The number of blocks that these functions have allocated and not freed. */
int64_t zm_failing_live(void);

#ifdef __cplusplus
}
#endif

/* The libc backends call these functions by the names of libc/libc_calls.h. */
#define zm_libc_malloc zm_failing_malloc
#define zm_libc_calloc zm_failing_calloc
#define zm_libc_realloc zm_failing_realloc
#define zm_libc_posix_memalign zm_failing_posix_memalign
#define zm_libc_free zm_failing_free

#endif /* ZMALLOC_ALLOCATOR_FAILING_FAILING_H_ */
