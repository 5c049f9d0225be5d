/* C++ operators and jemalloc's own functions, of an allocator that the program is linked with: they
 * do not come through malloc.  Each calls the next function of its name, and notes what happened.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tools/ztrace/next.h"
#include "tools/ztrace/recorder.h"

#define EXPORT __attribute__((visibility("default")))

/* Each takes up to three words, and gives none or one.  Here each takes and gives all, which does
 * no harm in a register. */
typedef void *any_function(size_t, size_t, size_t);

static void *no_memory(size_t a, size_t b, size_t c) {
    (void)a, (void)b, (void)c;
    errno = ENOMEM;
    return NULL;
}

/* The next function of a name.  There is one, unless a program looks whether it has mallocx, and
 * finds ours. */
static any_function *find(const char *name) {
    any_function *found;
    void *symbol = next_function(name);
    recorder_start();
    if (!symbol) return no_memory;
    memcpy(&found, &symbol, sizeof(symbol));
    return found;
}

static void uncover(const bool *before) { recorder_cover(*before); }

/* Calls it, and notes nothing that it does: jemalloc's operator delete calls free.  An exception
 * may leave it. */
static inline void *covered(any_function *one, size_t a, size_t b, size_t c) {
    __attribute__((unused, cleanup(uncover))) const bool before = recorder_cover(true);
    return one(a, b, c);
}

static void *note_new(void *block, size_t size, size_t alignment) {
    if (!block) return NULL;
    if (alignment) {
        recorder_note(RAW_ALIGNED, block, size, (unsigned)__builtin_ctzll(alignment));
    } else {
        recorder_note(RAW_MALLOC, block, size, 0);
    }
    return block;
}

/* ---- Operators ------------------------------------------------------------ */

#define NEW(name, alignment)                                  \
    any_function name;                                        \
    EXPORT void *name(size_t a, size_t b, size_t c) {         \
        static any_function *one;                             \
        if (!one) one = find(#name);                          \
        return note_new(covered(one, a, b, c), a, alignment); \
    }

NEW(_Znwm, 0)
NEW(_Znam, 0)
NEW(_ZnwmRKSt9nothrow_t, 0)
NEW(_ZnamRKSt9nothrow_t, 0)
NEW(_ZnwmSt11align_val_t, b)
NEW(_ZnamSt11align_val_t, b)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, b)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, b)

#define DELETE(name)                                                  \
    any_function name;                                                \
    EXPORT void *name(size_t a, size_t b, size_t c) {                 \
        static any_function *one;                                     \
        if (!one) one = find(#name);                                  \
        if (a) recorder_note(RAW_FREE, (void *)a, 0, 0); /* NOLINT */ \
        return covered(one, a, b, c);                                 \
    }

DELETE(_ZdlPv)
DELETE(_ZdaPv)
DELETE(_ZdlPvm)
DELETE(_ZdaPvm)
DELETE(_ZdlPvRKSt9nothrow_t)
DELETE(_ZdaPvRKSt9nothrow_t)
DELETE(_ZdlPvSt11align_val_t)
DELETE(_ZdaPvSt11align_val_t)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t)
DELETE(_ZdlPvmSt11align_val_t)
DELETE(_ZdaPvmSt11align_val_t)

/* ---- jemalloc's ------------------------------------------------------------- */

DELETE(dallocx)
DELETE(sdallocx)

/* Flags of jemalloc: the base-2 logarithm of the alignment, and whether to fill with zeros. */
enum { LG_ALIGN = 0x3f, ZERO = 0x40 };

any_function mallocx, rallocx;

EXPORT void *mallocx(size_t size, size_t flags, size_t unused) {
    static any_function *one;
    if (!one) one = find("mallocx");
    void *block = covered(one, size, flags, unused);
    if (block && flags & LG_ALIGN) {
        recorder_note(RAW_ALIGNED, block, size, flags & LG_ALIGN);
    } else if (block) {
        recorder_note(flags & ZERO ? RAW_CALLOC : RAW_MALLOC, block, size, 0);
    }
    return block;
}

EXPORT void *rallocx(size_t block, size_t size, size_t flags) {
    static any_function *one;
    if (!one) one = find("rallocx");
    recorder_note(RAW_REALLOC_BEGIN, (void *)block, size, 0); /* NOLINT */
    void *moved = covered(one, block, size, flags);
    recorder_note(RAW_REALLOC_END, moved, size, 0);
    return moved;
}
