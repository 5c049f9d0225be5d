/* Heap profiles: which call stacks hold the memory.  docs/profile.md tells how to read one.
 *
 * Of all bytes that are allocated, one of RATE on average is chosen at random; the block that has
 * it is a sample, with its call stack and its thread's label.  A block of S bytes is a sample with
 * the probability p = 1 - exp(-S / RATE), and stands for 1 / p blocks.  So sums are unbiased, as
 * those of jemalloc (doc_internal/PROFILING_INTERNALS.md) and of tcmalloc.  The standard error of a
 * sum of B bytes is about sqrt(B * RATE), when its blocks are smaller than RATE.
 *
 * Profiles work over every allocator, and at run time.  Fast paths take no instruction more.  A
 * sample takes 64 bytes, up to a quarter of its size by rounding up, and its call stack if no other
 * one has the same; one of 8 KiB or less also takes its size once more.  Blocks of up to 256 KiB
 * are never samples if they were requested with an alignment above 4096, or with flags.
 *
 * ZMALLOC_PROFILE=RATE in the environment starts a profile before main.  ZMALLOC_PROFILE=RATE,FILE
 * also writes it at exit, in the format of zmalloc_profile_write().  %p in FILE is the process id.
 * With ZMALLOC_PROFILE_SIGNAL=USR1, USR2 or a signal's number, the program writes FILE at each such
 * signal too: the thread that takes the next sample does.
 *
 * Any thread may call these functions.
 */
#ifndef ZMALLOC_PROFILE_H_
#define ZMALLOC_PROFILE_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Bytes between two samples, on average. */
#define ZMALLOC_PROFILE_RATE ((size_t)512 << 10)

/* Starts a profile, or changes the rate of one; 0 is ZMALLOC_PROFILE_RATE.  Threads notice it after
 * at most 128 KiB of allocations.  Returns 0; or -1 and sets errno: ENOMEM if there is no address
 * space or no memory for it, EINVAL if the rate exceeds 2^50. */
int zmalloc_profile_start(size_t rate);

/* Takes no new samples.  Those that are live stay in the profile until they are freed. */
void zmalloc_profile_stop(void);

/* The rate of now; 0: no samples are taken. */
size_t zmalloc_profile_rate(void);

/* Writes the profile to a file descriptor.  Returns 0; or -1 and sets errno: that of write(), or
 * ENOMEM; a part may be written then.  Maps some memory meanwhile, of which none is the
 * allocator's, and takes a lock: no signal handler may call these.  A child of fork may.
 *
 * zmalloc_profile_write() writes pprof's format, compressed as gzip: alloc_objects, alloc_space,
 * inuse_objects, inuse_space, frag_space, each an estimate for all blocks.  What was allocated
 * includes the bytes by which realloc let a block grow, not those that it copied.  The second
 * writes the text that jeprof and google-pprof read, the third a line for each stack, as flame
 * graphs take it.
 */
int zmalloc_profile_write(int fd);
int zmalloc_profile_write_heap_v2(int fd);
int zmalloc_profile_write_collapsed(int fd);

/* From now on, samples of the calling thread have this label, or none if it is NULL.  The text must
 * stay as it is until the next call.  Returns the label before, for the caller to set it again. */
const char *zmalloc_label(const char *label);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_H_ */
