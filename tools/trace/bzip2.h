/* bzip2 from buffer to buffer, in memory that does not come from malloc. */
#ifndef TOOLS_TRACE_BZIP2_H_
#define TOOLS_TRACE_BZIP2_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* *to_size is the space there is, then what was taken.  0; -1 without memory
 * or space. */
int zt_compress(const void *from, size_t size, void *to, size_t *to_size);

/* Fills `to_size` bytes of `to`, which has one more.  0, or -1 when the data is
 * anything else than whole and of that size, or without memory. */
int zt_decompress(const void *from, size_t size, void *to, size_t to_size);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_TRACE_BZIP2_H_ */
