/* Out of memory, as zmalloc.h has it. */
#ifndef ZMALLOC_OOM_H_
#define ZMALLOC_OOM_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls the out-of-memory handler; returns NULL if that returns. */
void *zm_out_of_memory(size_t size);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OOM_H_ */
