/* malloc and its like for the whole program, over zmalloc's counted calls.  docs/malloc.md says
 * what each function promises. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "malloc/names.h"
#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/early.h"
#include "zmalloc/os/os.h"
#include "zmalloc/zmalloc.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

/* At last: it may give the functions below other names.  Exported as they are on Linux
 * (exported.h); on macOS, where the program's malloc is another one, hidden (own_names.h). */
#include ZM_MALLOC_NAMES_HEADER

/* Each block is aligned to this many bytes. */
enum { ALIGNMENT = 16 };

/* Requests of this size or more fail, as in zmalloc. */
#define REQUEST_LIMIT (SIZE_MAX / 2)

__attribute__((noinline, cold)) static void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

static void *invalid(void) {
    errno = EINVAL;
    return NULL;
}

static bool is_power_of_two(size_t number) { return number != 0 && (number & (number - 1)) == 0; }

/* Requests of this size or more take a slow path: 0 at first (zmalloc/core/early.h). */
static size_t limit;

/* Whether the allocator cannot work yet.  From then on requests take the fast path. */
__attribute__((noinline, cold)) static bool too_early(void) {
    if (zm_early()) return true;
    limit = REQUEST_LIMIT;
    return false;
}

/* ---- C11 ------------------------------------------------------------------------- */

void *malloc(size_t size) { return zm_backend_std_malloc(size); }

void free(void *ptr) { zm_backend_std_free(ptr); }

static inline void *counted_calloc(size_t bytes) {
    void *ptr = zm_backend_counted_try_calloc(zm_backend_std_size(bytes));
    return __builtin_expect(ptr != NULL, 1) ? ptr : no_memory();
}

__attribute__((noinline, cold)) static void *slow_calloc(size_t bytes) {
    if (too_early()) return zm_early_calloc(bytes);
    return bytes < REQUEST_LIMIT ? counted_calloc(bytes) : no_memory();
}

void *calloc(size_t number, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(number, size, &bytes)) return slow_calloc(SIZE_MAX);
    return __builtin_expect(bytes < limit, 1) ? counted_calloc(bytes) : slow_calloc(bytes);
}

static inline void *counted_realloc(void *ptr, size_t size) {
    void *resized = ztryrealloc(ptr, zm_backend_std_size(size));
    return __builtin_expect(resized != NULL, 1) ? resized : no_memory();
}

__attribute__((noinline, cold)) static void *slow_realloc(void *ptr, size_t size) {
    if (too_early()) return zm_early_realloc(ptr, size);
    return size < REQUEST_LIMIT ? counted_realloc(ptr, size) : no_memory();
}

void *realloc(void *ptr, size_t size) {
    if (ptr == NULL) return zm_backend_std_malloc(size);
    if (size == 0) {
        zm_backend_std_free(ptr);
        return NULL;
    }
    return __builtin_expect(size < limit, 1) ? counted_realloc(ptr, size) : slow_realloc(ptr, size);
}

static void *aligned(size_t alignment, size_t size) {
    if (alignment <= ALIGNMENT) return zm_backend_std_malloc(size);
    if (limit == 0 && too_early()) return zm_early_aligned(alignment, size);
    void *ptr = ztrymalloc_aligned(alignment, size);
    return ptr != NULL ? ptr : no_memory();
}

void *aligned_alloc(size_t alignment, size_t size) {
    return is_power_of_two(alignment) ? aligned(alignment, size) : invalid();
}

/* ---- C23 ------------------------------------------------------------------------- */

void free_sized(void *ptr, size_t size) { zm_backend_std_free_sized(ptr, size); }

void free_aligned_sized(void *ptr, size_t alignment, size_t size) {
    (void)alignment;
    zm_backend_std_free_sized(ptr, size);
}

/* ---- POSIX ----------------------------------------------------------------------- */

void *reallocarray(void *ptr, size_t number, size_t size) {
    size_t bytes;
    return realloc(ptr, __builtin_mul_overflow(number, size, &bytes) ? SIZE_MAX : bytes);
}

static void *aligned_keeping_errno(size_t alignment, size_t size) {
    const int saved = errno;
    void *ptr = aligned(alignment, size);
    errno = saved;
    return ptr;
}

/* It returns the error, and leaves errno as it is. */
int posix_memalign(void **block, size_t alignment, size_t size) {
    if (!is_power_of_two(alignment) || alignment < sizeof(void *)) return EINVAL;
    const bool early = limit == 0 && too_early();
    void *ptr = early ? aligned(alignment, size) : aligned_keeping_errno(alignment, size);
    if (ptr == NULL) return ENOMEM;
    *block = ptr;
    return 0;
}

/* ---- glibc ----------------------------------------------------------------------- */

/* glibc takes the next power of two for an alignment that is none. */
void *memalign(size_t alignment, size_t size) {
    if (alignment > REQUEST_LIMIT) return invalid();
    size_t power = ALIGNMENT;
    while (power < alignment) power *= 2;
    return aligned(power, size);
}

/* Early, the system cannot be asked: the largest page there is will do. */
static size_t page_size(void) {
    enum { LARGEST = 64 << 10 };
    return limit == 0 && too_early() ? LARGEST : zm_os_page_size();
}

void *valloc(size_t size) { return aligned(page_size(), size); }

void *pvalloc(size_t size) {
    const size_t page = page_size();
    if (size >= REQUEST_LIMIT - page) return no_memory();
    return aligned(page, (size + page - 1) / page * page);
}

size_t malloc_usable_size(void *ptr) {
    return limit == 0 && too_early() ? zm_early_usable_size(ptr) : zmalloc_usable_size(ptr);
}

/* Programs that were linked before glibc 2.26 may call it. */
void cfree(void *ptr) { zm_backend_std_free(ptr); }

/* ---- For the C++ operators ------------------------------------------------------- */

void *zm_std_malloc(size_t size) { return zm_backend_std_malloc(size); }

void *zm_std_aligned(size_t alignment, size_t size) { return aligned(alignment, size); }

void zm_std_free(void *ptr) { zm_backend_std_free(ptr); }

void zm_std_free_sized(void *ptr, size_t size) { zm_backend_std_free_sized(ptr, size); }
