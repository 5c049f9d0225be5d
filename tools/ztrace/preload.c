/* The allocation functions, in front of the program's own: each calls the next function of its
 * name, and notes what happened.  Also the two functions by which a program restricts its system
 * calls. */
#include <errno.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/ztrace/next.h"
#include "tools/ztrace/recorder.h"

#define EXPORT __attribute__((visibility("default")))

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    int (*prctl)(int, ...);
    long (*syscall)(long, ...);
} next;

/* dlsym itself may allocate: it gets memory from here until the functions are found. */
static _Alignas(max_align_t) char early[65536];
static size_t early_used;
static bool finding;

static void *early_alloc(size_t size) {
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > sizeof(early) || rounded > sizeof(early) - early_used) return NULL;
    void *block = early + early_used;
    early_used += rounded;
    return block;
}

static bool is_early(const void *ptr) { return (uintptr_t)ptr - (uintptr_t)early < sizeof(early); }

/* Data and function pointers are the same thing to a linker only. */
#define FIND(name)                                   \
    do {                                             \
        void *symbol = next_function(#name);         \
        memcpy(&next.name, &symbol, sizeof(symbol)); \
    } while (0)

static void find_all(void) {
    finding = true;
    FIND(calloc);
    FIND(realloc);
    FIND(free);
    FIND(posix_memalign);
    FIND(aligned_alloc);
    FIND(memalign);
    FIND(valloc);
    FIND(pvalloc);
    FIND(prctl);
    FIND(syscall);
    FIND(malloc); /* last: once it is set, the others are there */
    finding = false;
    if (!next.malloc || !next.calloc || !next.realloc || !next.free) {
        static const char message[] = "ztrace: the program has no malloc to record\n";
        if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0) _exit(127);
        _exit(127);
    }
}

/* False while the functions are being found: the program has one thread then. */
static inline bool ready(void) {
    if (__builtin_expect(next.malloc == NULL, 0)) {
        if (finding) return false;
        find_all();
    }
    recorder_start();
    return true;
}

__attribute__((constructor)) static void start(void) {
    const void *function;
    ready();
    memcpy(&function, &next.malloc, sizeof(function));
    recorder_allocator(function);
}

__attribute__((destructor)) static void end(void) { recorder_end(); }

/* memalign takes any alignment and rounds it up to a power of two. */
static void *note_aligned(void *ptr, size_t alignment, size_t size) {
    unsigned log2 = 0;
    while (log2 < 47 && (size_t)1 << log2 < alignment) log2++;
    if (ptr) recorder_note(RAW_ALIGNED, ptr, size, log2);
    return ptr;
}

EXPORT void *malloc(size_t size) {
    if (!ready()) return early_alloc(size);
    void *ptr = next.malloc(size);
    if (ptr) recorder_note(RAW_MALLOC, ptr, size, 0);
    return ptr;
}

EXPORT void *calloc(size_t count, size_t size) {
    if (!ready()) return size && count > SIZE_MAX / size ? NULL : early_alloc(count * size);
    void *ptr = next.calloc(count, size);
    if (ptr) recorder_note(RAW_CALLOC, ptr, count * size, 0);
    return ptr;
}

EXPORT void free(void *ptr) {
    if (!ptr || is_early(ptr) || !ready()) return;
    recorder_note(RAW_FREE, ptr, 0, 0);
    next.free(ptr);
}

/* Moves a block of dlsym's that becomes too large for this memory. */
static void *realloc_early(void *ptr, size_t size) {
    void *moved = malloc(size);
    if (!moved) return NULL;
    size_t most = (size_t)(early + sizeof(early) - (char *)ptr);
    return memcpy(moved, ptr, size < most ? size : most);
}

EXPORT void *realloc(void *ptr, size_t size) {
    if (!ptr) return malloc(size);
    if (is_early(ptr)) return realloc_early(ptr, size);
    ready();
    recorder_note(RAW_REALLOC_BEGIN, ptr, size, 0);
    void *moved = next.realloc(ptr, size);
    /* Size 0 frees under some allocators; else NULL means that nothing changed. */
    bool freed = !moved && size == 0;
    recorder_note(RAW_REALLOC_END, moved, size, freed ? RAW_FREED : 0);
    return moved;
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(ptr, count * size); /* NOLINT: ours, which takes 0 */
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size) {
    ready();
    if (!next.posix_memalign) return ENOMEM;
    int error = next.posix_memalign(out, alignment, size);
    if (!error) note_aligned(*out, alignment, size);
    return error;
}

static void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    ready();
    if (!next.aligned_alloc) return no_memory();
    return note_aligned(next.aligned_alloc(alignment, size), alignment, size);
}

EXPORT void *memalign(size_t alignment, size_t size) {
    ready();
    if (!next.memalign) return no_memory();
    return note_aligned(next.memalign(alignment, size), alignment, size);
}

EXPORT void *valloc(size_t size) {
    ready();
    if (!next.valloc) return no_memory();
    return note_aligned(next.valloc(size), (size_t)sysconf(_SC_PAGESIZE), size);
}

void *pvalloc(size_t size); /* musl declares none: programs may bring theirs */

EXPORT void *pvalloc(size_t size) {
    ready();
    if (!next.pvalloc) return no_memory();
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return note_aligned(next.pvalloc(size), page, (size + page - 1) & ~(page - 1));
}

/* Takes as many arguments as there may be; nobody looks at those that were not given. */
#define TAKE_ARGUMENTS(a, count, last)                                 \
    do {                                                               \
        va_list list;                                                  \
        va_start(list, last);                                          \
        for (int i = 0; i < (count); i++) (a)[i] = va_arg(list, long); \
        va_end(list);                                                  \
    } while (0)

EXPORT int prctl(int option, ...) {
    long a[4];
    TAKE_ARGUMENTS(a, 4, option);
    ready();
    bool tell = option == PR_SET_SECCOMP && recorder_restrict();
    int result = next.prctl(option, a[0], a[1], a[2], a[3]);
    if (tell) recorder_restricted(result == 0);
    return result;
}

EXPORT long syscall(long number, ...) {
    enum { SET_MODE_STRICT, SET_MODE_FILTER }; /* of <linux/seccomp.h> */
    long a[6];
    TAKE_ARGUMENTS(a, 6, number);
    ready();
    bool sets = (number == SYS_seccomp && (unsigned long)a[0] <= SET_MODE_FILTER) ||
                (number == SYS_prctl && a[0] == PR_SET_SECCOMP);
    bool tell = sets && recorder_restrict();
    long result = next.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (tell) recorder_restricted(result >= 0);
    return result;
}
