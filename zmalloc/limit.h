/* Limits on used memory, so that a program learns of its limit before the kernel kills it.
 *
 * They count what zmalloc_used_memory() counts.  Resident memory is more: it has the allocator's
 * free memory, code and stacks as well.  docs/limits.md says how much to leave for these.
 *
 * While used memory is below the limits, they cost nothing where blocks are allocated and freed.
 * A thread looks at them when it has allocated or freed up to 256 KiB since it looked last, and
 * before or when it allocates a block of more than that.  So used memory can exceed a limit by
 * 256 KiB per live thread that allocates, and by what an allocator rounds a growing block up by.
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

/* Sets both limits, in bytes, in place of those before; 0: none.
 *
 * Soft: when used memory rises above it, `callback` is called with `arg`, true and the used
 * memory.  When used memory then falls below it, by a sixteenth of it or 256 KiB, whichever is
 * less, `callback` is called with false.  Each call so tells the opposite of the one before.  NULL:
 * nothing is called.
 *
 * Hard: a request that would raise used memory above it fails, as if there were no memory.  Freeing
 * always works; what is allocated stays.
 *
 * The thread that crosses the soft limit makes the call, in the middle of its own call of zmalloc.
 * It may also be a thread that exits, or the one of zmalloc/pressure.h.  zmalloc holds no lock
 * then, but the program may: a callback is best short, and leaves the work to others.  It may
 * allocate, free and set limits; calls never overlap or nest.  It must return: after a longjmp() or
 * an exception out of it no callback is called, and zmalloc_set_limit() waits for ever.  If used
 * memory is above the soft limit already, zmalloc_set_limit() calls it before it returns, unless a
 * callback is the caller.
 *
 * zmalloc_set_limit() waits for a callback that runs: its caller must not hold what that waits for.
 * Once it has returned, callbacks that were set before are not running and will not be called,
 * unless one of them is the caller.  Returns 0, or -1 if both limits are set and
 * `soft` is above `hard`; then nothing changes. */
int zmalloc_set_limit(size_t soft_, size_t hard_,
                      void (*callback_)(void *arg_, bool above_, size_t used_), void *arg_);

/* Sets *soft and *hard to the limits, 0 for none.  Either pointer may be NULL. */
void zmalloc_get_limit(size_t *soft_, size_t *hard_);

/* zmalloc_set_limit() with percents, from 1 to 100, of zmalloc_get_memory_limit() as it is now: of
 * the tightest limit of this process's cgroups (v1 or v2), or of the physical memory.  0 percent:
 * no limit.  Call it again when the limits of cgroups may have changed.  Returns 0, or -1 for other
 * percents, for a soft limit above the hard one, and where that memory is not known or cannot be
 * read now: no file descriptor is left, the cgroups' files may not be opened, or a chroot hides
 * them.  Then nothing changes. */
int zmalloc_limit_from_cgroup(unsigned soft_percent_, unsigned hard_percent_,
                              void (*callback_)(void *arg_, bool above_, size_t used_), void *arg_);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_LIMIT_H_ */
