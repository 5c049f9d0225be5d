/* Samples as the bytes that FORMAT.md describes. */
#ifndef TOOLS_TRACE_SAMPLES_H_
#define TOOLS_TRACE_SAMPLES_H_

#include <stddef.h>
#include <stdint.h>

#include "tools/trace/trace.h"

/* `to` has ZT_SAMPLE_WIDTH bytes for each; returns how many were used. */
size_t zt_pack_samples(uint8_t *to, const struct zt_sample *samples, size_t count);

/* 0, or -1 when the bytes are not those of `count` samples. */
int zt_unpack_samples(const uint8_t *from, size_t size, struct zt_sample *samples, size_t count);

#endif /* TOOLS_TRACE_SAMPLES_H_ */
