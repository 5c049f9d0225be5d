/* Memory straight from the OS: for few and large buffers. */
#ifndef TOOLS_TRACE_MEMORY_H_
#define TOOLS_TRACE_MEMORY_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `size` bytes, zeroed; pages take memory once they are touched.  NULL when there is no
 * more.  `size` is below SIZE_MAX/2. */
void *zt_memory_alloc(size_t size);

/* Moves a buffer to one of `size` bytes, not less than it had.  On failure
 * returns NULL and leaves it as it was. */
void *zt_memory_grow(void *buffer, size_t size);

/* Gives a buffer back; NULL is ignored. */
void zt_memory_free(void *buffer);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_TRACE_MEMORY_H_ */
