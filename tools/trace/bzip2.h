/* bzip2 from buffer to buffer, in memory that does not come from malloc. */
#ifndef TOOLS_TRACE_BZIP2_H_
#define TOOLS_TRACE_BZIP2_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* *to_size is the space that there is, and afterwards the space that was used.  0; -1 without
 * memory or space. */
int zt_compress(const void *from, size_t size, void *to, size_t *to_size);

enum zt_unpacked { ZT_UNPACKED, ZT_UNPACK_DAMAGED, ZT_UNPACK_NO_MEMORY };

/* Fills `to_size` bytes of `to`, which has one more.  The data is damaged unless it is whole and
 * of that size. */
enum zt_unpacked zt_decompress(const void *from, size_t size, void *to, size_t to_size);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_TRACE_BZIP2_H_ */
