/* Out of memory, as zmalloc.h documents it. */
#ifndef ZMALLOC_CORE_OOM_H_
#define ZMALLOC_CORE_OOM_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls the out-of-memory handler with the requested bytes.  Returns NULL if the handler
 * returns. */
void *zm_out_of_memory(size_t size);

/* Sets the handler; NULL: the default, which prints a line and aborts.  Thread-safe. */
void zm_set_oom_handler(void (*handler)(size_t size));

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_OOM_H_ */
