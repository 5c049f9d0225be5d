/* This system has no such probes. */
#include "zmalloc/profile/probes.h"

void zm_probe_alloc(const void *ptr, uint64_t size, uint64_t weighted_bytes) {
    (void)ptr, (void)size, (void)weighted_bytes;
}

void zm_probe_free(const void *ptr) { (void)ptr; }
