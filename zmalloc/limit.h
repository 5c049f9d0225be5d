/* Limits on used memory, so that a program learns of its limit before the kernel kills it.
 *
 * They count what zmalloc_used_memory() counts.  Resident memory is more: it has the allocator's
 * free memory, code and stacks as well.  docs/limits.md says how much to leave for these.
 *
 * While used memory is below the limits, they cost nothing on the fast paths.  A thread checks them
 * after it has allocated or freed at most 256 KiB since its last check, and before or when it
 * allocates a larger block.  So used memory can exceed a limit by 256 KiB per live thread that
 * allocates, and by the bytes by which an allocator rounds up a growing block.
 *
 * Call these functions from any thread, but not from signal handlers.
 */
#ifndef ZMALLOC_LIMIT_H_
#define ZMALLOC_LIMIT_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Sets both limits, in bytes; they replace the limits before.  0 means no limit.
 *
 * Soft: when used memory rises above this limit, zmalloc calls `callback` with `arg`, true and the
 * used memory.  When used memory has fallen below the limit again, by a sixteenth of the limit or
 * 256 KiB, whichever is less, zmalloc calls `callback` with false.  So true and false alternate.
 * If `callback` is NULL, nothing is called.
 *
 * Hard: a request that would raise used memory above it fails, as if there were no memory.  Freeing
 * always works; what is allocated stays.
 *
 * The thread that crosses the soft limit makes the call, in the middle of its own call of zmalloc.
 * It may also be a thread that exits, or the thread of zmalloc/pressure.h.  zmalloc holds no lock
 * then, but the program may hold one: keep the callback short, and leave the work to other threads.
 * The callback may allocate, free and set limits; calls never overlap or nest.  It must return:
 * after longjmp() or an exception leaves it, zmalloc calls no callback any more, and
 * zmalloc_set_limit() waits for ever.  If used memory is already above the soft limit,
 * zmalloc_set_limit() itself calls the callback before it returns, unless a callback called
 * zmalloc_set_limit().
 *
 * zmalloc_set_limit() waits until a running callback has returned: its caller must not hold a lock
 * for which that callback waits.  After it has returned, no earlier callback runs or will be
 * called, except one that called zmalloc_set_limit() itself.  Returns 0, or -1 if both limits are
 * set and `soft` is above `hard`; then nothing changes. */
int zmalloc_set_limit(size_t soft_, size_t hard_,
                      void (*callback_)(void *arg_, bool above_, size_t used_), void *arg_);

/* Sets *soft and *hard to the limits, 0 for none.  Either pointer may be NULL. */
void zmalloc_get_limit(size_t *soft_, size_t *hard_);

/* Calls zmalloc_set_limit() with shares, from 1 to 100 percent, of what zmalloc_get_memory_limit()
 * returns now: of the tightest limit of this process's cgroups (v1 or v2), or of the physical
 * memory.  0 percent means no limit.  Call it again when the limits of cgroups may have changed.
 * Returns 0.  Returns -1, and changes nothing, for any other percentage, for a soft limit above the
 * hard one, and if that memory is not known or cannot be read now: no file descriptor is left, the
 * process may not open the cgroups' files, or a chroot hides them. */
int zmalloc_limit_from_cgroup(unsigned soft_percent_, unsigned hard_percent_,
                              void (*callback_)(void *arg_, bool above_, size_t used_), void *arg_);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_LIMIT_H_ */
