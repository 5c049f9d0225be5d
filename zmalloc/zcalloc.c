/* zcalloc alone.  A static zlib defines a zcalloc of its own; a program that calls neither, as
 * Valkey (compat/valkey9), links with both libraries because it does not need this object file. */
#include "zmalloc/allocator/backend.h"
#include "zmalloc/zmalloc.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

void *zcalloc(size_t size) { return zm_backend_counted_calloc(size); }
