/* The functions by the names that Valkey 8.1 and later link with. */
#include "zmalloc/allocator/backend.h"
#include "zmalloc/compat/valkey9/zmalloc.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

#undef zmalloc_cache_aligned
#undef zrealloc

void *valkey_malloc(size_t size) { return zm_backend_counted_malloc(size); }

/* Not by zcalloc, which has an object file of its own. */
void *valkey_calloc(size_t size) { return zm_backend_counted_calloc(size); }

void *valkey_realloc(void *ptr, size_t size) { return zrealloc(ptr, size); }

void *valkey_malloc_cache_aligned(size_t size) { return zmalloc_cache_aligned(size); }

void valkey_free(void *ptr) { zm_backend_counted_free(ptr); }
