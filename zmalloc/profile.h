/* Heap profiles: which call stacks hold the memory.  docs/profile.md tells how to read one.
 *
 * A profile chooses bytes at random, on average one of RATE allocated bytes.  A block with a chosen
 * byte is a sample; the profile keeps its call stack and its thread's label.  A block of S bytes is
 * a sample with the probability p = 1 - exp(-S / RATE), and stands for 1 / p blocks.  So sums are
 * unbiased, as those of jemalloc (doc_internal/PROFILING_INTERNALS.md) and of tcmalloc.  The
 * standard error of a sum of B bytes is about sqrt(B * RATE), when its blocks are smaller than
 * RATE.
 *
 * Profiles work over every allocator, and at run time.  The fast paths have no extra instruction.
 * A sample takes 64 bytes, at most a quarter of its size by rounding up, and its call stack if no
 * other sample has the same; a sample of 8 KiB or less also takes its size a second time.  A block
 * of up to 256 KiB is never a sample if it was requested with an alignment above 4096, or with
 * flags.
 *
 * ZMALLOC_PROFILE=RATE in the environment starts a profile before main.  ZMALLOC_PROFILE=RATE,FILE
 * also writes it at exit, in the format of zmalloc_profile_write().  %p in FILE is the process id.
 * With ZMALLOC_PROFILE_SIGNAL=USR1, USR2 or a signal's number, the program writes FILE after each
 * such signal too: the thread that takes the next sample writes it.
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

/* Starts a profile, or changes the rate of the running one; 0 means ZMALLOC_PROFILE_RATE.  A thread
 * notices it after at most 128 KiB of allocations.  Returns 0; or -1 and sets errno: ENOMEM if
 * there is no address space or no memory for it, EINVAL if the rate exceeds 2^50. */
int zmalloc_profile_start(size_t rate);

/* Takes no new samples.  The live ones stay in the profile until they are freed. */
void zmalloc_profile_stop(void);

/* Returns the present rate; 0 if no samples are taken. */
size_t zmalloc_profile_rate(void);

/* These write the profile to a file descriptor.  They return 0; or they return -1 and set errno to
 * that of write() or to ENOMEM, and a part may be written then.  While they write, they map memory
 * of their own, none of the allocator's, and hold a lock: a child of fork may call them, a signal
 * handler may not.
 *
 * zmalloc_profile_write() writes pprof's format, compressed as gzip: alloc_objects, alloc_space,
 * inuse_objects, inuse_space, frag_space, each an estimate for all blocks.  The alloc_ values
 * include the bytes by which realloc grew a block, not the bytes that it copied.
 * zmalloc_profile_write_heap_v2() writes the text that jeprof and google-pprof read.
 * zmalloc_profile_write_collapsed() writes a line for each stack, for flame graphs.
 */
int zmalloc_profile_write(int fd);
int zmalloc_profile_write_heap_v2(int fd);
int zmalloc_profile_write_collapsed(int fd);

/* Sets the label of the calling thread's samples from now on; NULL: no label.  The text must not
 * change until the next call.  Returns the label before, so that the caller can set it again. */
const char *zmalloc_label(const char *label);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_H_ */
