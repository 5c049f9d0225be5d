/* For tests: calls that fail when they are told to.
 *
 * A plan says which.  It holds for all threads, from zm_faults_begin() to
 * zm_faults_end(); outside of that nothing fails.  Calls are counted from 1, in
 * the order in which threads come by.
 */
#ifndef ZMALLOC_ALLOCATOR_FAULTY_FAULTS_H_
#define ZMALLOC_ALLOCATOR_FAULTY_FAULTS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A call fails that meets any of them; 0 is met by none. */
struct zm_fault_plan {
    uint64_t nth;      /* the n-th call, alone */
    uint64_t from;     /* the n-th call and all after it */
    uint64_t every;    /* each n-th call */
    size_t least_size; /* calls that ask for this many bytes or more */
};

struct zm_fault_counts {
    uint64_t calls;    /* that could have failed */
    uint64_t injected; /* that did */
};

/* Not while other threads are inside such calls. */
void zm_faults_begin(const struct zm_fault_plan *plan);
struct zm_fault_counts zm_faults_end(void);

/* Whether the call at hand is to fail; counts it. */
bool zm_fault(size_t size);

/* The libc's functions, which fail by the plan. */
void *zm_faulty_malloc(size_t size);
void *zm_faulty_calloc(size_t number, size_t size);
void *zm_faulty_realloc(void *ptr, size_t size);
int zm_faulty_posix_memalign(void **ptr, size_t alignment, size_t size);
void zm_faulty_free(void *ptr);

/* Blocks that these have handed out and not got back. */
int64_t zm_faulty_live(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ALLOCATOR_FAULTY_FAULTS_H_ */
