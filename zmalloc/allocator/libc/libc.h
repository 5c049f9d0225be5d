/* Functions of the libc's malloc besides malloc and free; one file per libc defines them. */
#ifndef ZMALLOC_ALLOCATOR_LIBC_LIBC_H_
#define ZMALLOC_ALLOCATOR_LIBC_LIBC_H_

#include <stdbool.h>

#include "zmalloc/core/allocator_stats.h"

/* Sets the statistics of malloc that this libc tells.  `refresh` brings them up to date first,
 * where that is an extra step. */
void zm_libc_stats(bool refresh, struct zm_allocator_stats *stats);

/* Free memory that the libc's malloc keeps, in bytes.  Returns false if it does not tell. */
bool zm_libc_free_bytes(size_t *bytes);

/* Gives free memory of malloc back to the OS.  Returns 0, or -1 when that failed or this libc
 * cannot. */
int zm_libc_trim(void);

#endif /* ZMALLOC_ALLOCATOR_LIBC_LIBC_H_ */
