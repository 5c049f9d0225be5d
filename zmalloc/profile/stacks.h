/* Call stacks that were unwound before.  A function's stack frame has the same size at each call
 * that returns to the same address, but where its size is found at run time (alloca()).  So the
 * distance from one return address to the next, learnt from stacks that were unwound, leads through
 * other stacks at a small part of an unwinder's time, with frame pointers or without.
 *
 * One thread at a time may call these functions. */
#ifndef ZMALLOC_PROFILE_STACKS_H_
#define ZMALLOC_PROFILE_STACKS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes at most `max` return addresses, from the caller of that function on whose
 * __builtin_frame_address(0) is `frame`.  Returns their number; 0: a distance is not known.  They
 * may be wrong where a frame has another size than before; so take them only if the unwinder once
 * found the same ones. */
unsigned zm_known_stack(const void *frame, const void **addresses, unsigned max);

/* A stack that zm_os_backtrace() found, from the same caller on. */
struct zm_unwound_stack {
    const void *const *addresses;
    const uintptr_t *above; /* as of zm_os_backtrace() */
    unsigned depth;
    bool is_whole; /* else only its beginning */
};

/* Learns the distances in it, as far as it tells where its frames lie. */
void zm_learn_stack(const void *frame, const struct zm_unwound_stack *stack);

/* The memory that the distances take, in bytes. */
size_t zm_known_stacks_size(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_STACKS_H_ */
