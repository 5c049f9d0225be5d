/* Call stacks as the bytes that FORMAT.md describes. */
#ifndef TOOLS_TRACE_STACKS_H_
#define TOOLS_TRACE_STACKS_H_

#include <stddef.h>
#include <stdint.h>

#include "tools/trace/trace.h"

/* The most bytes that they take. */
size_t zt_stacks_width(const struct zt_stacks *stacks);

/* Returns how many bytes were used. */
size_t zt_pack_stacks(uint8_t *to, const struct zt_stacks *stacks);

/* Returns NULL, or what is wrong with the bytes.  zt_free_stacks() in any case. */
const char *zt_unpack_stacks(const uint8_t *from, size_t size, uint32_t count,
                             struct zt_stacks *stacks);

void zt_free_stacks(struct zt_stacks *stacks);

#endif /* TOOLS_TRACE_STACKS_H_ */
