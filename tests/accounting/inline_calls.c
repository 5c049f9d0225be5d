#include "tests/accounting/inline_calls.h"

#include "zmalloc/inline.h"

void *inline_malloc(size_t size) { return zmalloc(size); }

void *inline_try_malloc(size_t size) { return ztrymalloc(size); }

void inline_free(void *ptr) { zfree(ptr); }

void inline_free_with_size(void *ptr, size_t size) { zfree_with_size(ptr, size); }
