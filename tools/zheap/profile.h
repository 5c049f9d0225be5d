/* Reads a heap profile in pprof's profile.proto. */
#ifndef TOOLS_ZHEAP_PROFILE_H_
#define TOOLS_ZHEAP_PROFILE_H_

#include <stddef.h>
#include <stdint.h>

#include "tools/common/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the bytes of a file; gzip is unpacked in place.  Returns NULL, or what is wrong with it.
 * profile_free() in either case. */
const char *profile_read(uint8_t *bytes, size_t size, struct profile *profile);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZHEAP_PROFILE_H_ */
