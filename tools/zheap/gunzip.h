/* gzip without compression. */
#ifndef TOOLS_ZHEAP_GUNZIP_H_
#define TOOLS_ZHEAP_GUNZIP_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether it begins as gzip does. */
bool gunzip_is(const uint8_t *bytes, size_t size);

/* Unpacks stored blocks in place: *unpacked bytes from `bytes` on.  Returns NULL, or what is wrong
 * with the file. */
const char *gunzip(uint8_t *bytes, size_t size, size_t *unpacked);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZHEAP_GUNZIP_H_ */
