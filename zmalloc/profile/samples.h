/* The samples of a heap profile (zmalloc/profile.h), and how they are taken. */
#ifndef ZMALLOC_PROFILE_SAMPLES_H_
#define ZMALLOC_PROFILE_SAMPLES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes samples at this rate from now on; 0: no new ones.  False: there is no address space or no
 * memory. */
bool zm_samples_start(uint64_t rate);

/* Sets this thread's label, which stays valid, or NULL.  Returns the one before. */
const char *zm_set_label(const char *label);

/* Asks the allocator about the slab of each live sample, and sets the waste of each row. */
void zm_samples_find_waste(void);

/* The memory of the samples, in bytes. */
struct zm_samples_held {
    size_t in_region; /* part of used memory, and none of the allocator's */
    size_t twins;     /* blocks of the allocator's beside them */
    size_t own;       /* what the profile keeps about them */
};
void zm_samples_held(struct zm_samples_held *held);

/* Reads ZMALLOC_PROFILE and ZMALLOC_PROFILE_SIGNAL.  zmalloc/profile_setting.c defines it.  Because
 * samples.c calls it before main, the linker takes that file into every program. */
void zm_profile_set_up(void);

/* The signal came, and no thread has written the profile since.  The thread that takes the next
 * sample writes it, as a signal handler may not. */
extern _Atomic bool zm_profile_is_due;
void zm_profile_write_due(void);

/* In bytes. */
#define ZM_PROFILE_LARGEST_RATE ((uint64_t)1 << 50)

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_SAMPLES_H_ */
