/* What Valkey 8.1 and later link with: their zmalloc.h calls zmalloc
 * valkey_malloc and so on, and their hdr_histogram declares it so itself. */
#include "zmalloc/zmalloc.h"

void *valkey_malloc(size_t size);
void *valkey_calloc(size_t size);
void *valkey_realloc(void *ptr, size_t size);
void valkey_free(void *ptr);

void *valkey_malloc(size_t size) { return zmalloc(size); }

void *valkey_calloc(size_t size) { return zcalloc(size); }

void *valkey_realloc(void *ptr, size_t size) { return zrealloc(ptr, size); }

void valkey_free(void *ptr) { zfree(ptr); }
