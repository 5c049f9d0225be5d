/* The probes of OpenTelemetry's memory profiling, on samples: a profiler outside of the process
 * attaches to them, and takes the stacks itself (opentelemetry-ebpf-profiler,
 * design-docs/00003-memory-profiling). While nothing is attached a probe is one instruction that
 * does nothing. */
#ifndef ZMALLOC_PROFILE_PROBES_H_
#define ZMALLOC_PROFILE_PROBES_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* otel_memory:alloc.  `weighted_bytes`: of all blocks for which the sample stands. */
void zm_probe_alloc(const void *ptr, uint64_t size, uint64_t weighted_bytes);

/* otel_memory:free. */
void zm_probe_free(const void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_PROBES_H_ */
