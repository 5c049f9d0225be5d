/* The allocation functions, in front of the program's own: each marks that its thread is inside,
 * and calls the next function of its name. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/zmeasure/share.h"

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* ---- Marking ------------------------------------------------------------ */

static struct share *share;      /* NULL until the file is there, and without one */
static struct share_slot no_one; /* for all threads, as long as there is no file */
static __thread struct share_slot *own;
static uintptr_t stack_begin;

static struct share_slot *find_slot(void) {
    pid_t thread = (pid_t)syscall(SYS_gettid);
    if (!share) return &no_one;
    own = share_slot(share, thread);
    atomic_store_explicit(&own->inside, 0, memory_order_relaxed);
    atomic_store_explicit(&own->stack_begin, stack_begin, memory_order_relaxed);
    atomic_store_explicit(&own->thread, thread, memory_order_relaxed);
    return own;
}

struct visit {
    struct share_slot *slot;
    int before; /* a function may call another: operator new calls malloc */
};

static inline void leave(const struct visit *visit) {
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&visit->slot->inside, visit->before, memory_order_relaxed);
}

static inline struct visit enter(void) {
    struct visit visit = {own, 0};
    if (UNLIKELY(!visit.slot)) visit.slot = find_slot();
    visit.before = atomic_load_explicit(&visit.slot->inside, memory_order_relaxed);
    atomic_store_explicit(&visit.slot->inside, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    return visit;
}

/* Until the end of the block, also when an exception leaves it. */
#define MARK __attribute__((unused, cleanup(leave))) const struct visit visit = enter()

/* ---- The next functions ------------------------------------------------- */

#define FUNCTIONS(of)                                   \
    of(void *, calloc, (size_t, size_t));               \
    of(void *, realloc, (void *, size_t));              \
    of(void, free, (void *));                           \
    of(void *, reallocarray, (void *, size_t, size_t)); \
    of(int, posix_memalign, (void **, size_t, size_t)); \
    of(void *, aligned_alloc, (size_t, size_t));        \
    of(void *, memalign, (size_t, size_t));             \
    of(void *, malloc, (size_t)) /* last: once it is set, the others are there */

#define POINTER(result, name, types) result(*(name)) types
/* Data and function pointers are the same thing to dlsym only. */
#define FIND(result, name, types)                    \
    do {                                             \
        void *symbol = dlsym(RTLD_NEXT, #name);      \
        memcpy(&next.name, &symbol, sizeof(symbol)); \
    } while (0)

static struct { FUNCTIONS(POINTER); } next;

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

static bool is_early(const void *block) {
    return (uintptr_t)block - (uintptr_t)early < sizeof(early);
}

/* False while the functions are being found: the program has one thread then. */
static inline bool ready(void) {
    if (!UNLIKELY(next.malloc == NULL)) return true;
    if (finding) return false;
    finding = true;
    FUNCTIONS(FIND);
    finding = false;
    return next.malloc != NULL;
}

/* The thread that lives on in a child has another number there. */
static void in_child(void) {
    own = NULL;
    (void)find_slot();
}

__attribute__((constructor)) static void start(void) {
    const char *name = getenv(SHARE_VARIABLE);
    int saved = errno, fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    void *map = MAP_FAILED;
    if (ready() && fd >= 0) {
        map = mmap(NULL, sizeof(*share), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) close(fd);
    void **stack_end = dlsym(RTLD_DEFAULT, "__libc_stack_end"); /* glibc calls its beginning so */
    if (stack_end) stack_begin = (uintptr_t)*stack_end;
    if (map != MAP_FAILED && pthread_atfork(NULL, NULL, in_child) == 0) {
        share = map;
        (void)find_slot();
    }
    errno = saved;
}

/* ---- C and POSIX -------------------------------------------------------- */

EXPORT void *malloc(size_t size) {
    if (!ready()) return early_alloc(size);
    MARK;
    return next.malloc(size);
}

EXPORT void *calloc(size_t count, size_t size) {
    if (!ready()) return size && count > SIZE_MAX / size ? NULL : early_alloc(count * size);
    MARK;
    return next.calloc(count, size);
}

EXPORT void free(void *block) {
    if (is_early(block) || !ready()) return;
    MARK;
    next.free(block);
}

static void *realloc_early(void *block, size_t size) {
    size_t most = (size_t)(early + sizeof(early) - (char *)block);
    void *moved = malloc(size);
    return moved ? memcpy(moved, block, size < most ? size : most) : NULL;
}

EXPORT void *realloc(void *block, size_t size) {
    if (is_early(block)) return realloc_early(block, size);
    if (!ready()) return early_alloc(size);
    MARK;
    return next.realloc(block, size);
}

EXPORT void *reallocarray(void *block, size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    if (is_early(block) || !ready()) return realloc(block, count * size); /* NOLINT: ours takes 0 */
    MARK;
    return next.reallocarray(block, count, size);
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t size) {
    if (!ready()) return ENOMEM;
    MARK;
    return next.posix_memalign(block, alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    if (!ready()) return NULL;
    MARK;
    return next.aligned_alloc(alignment, size);
}

EXPORT void *memalign(size_t alignment, size_t size) {
    if (!ready()) return NULL;
    MARK;
    return next.memalign(alignment, size);
}

/* ---- C++ ---------------------------------------------------------------- */

typedef void *any_operator(size_t, size_t, size_t);

/* Only a program that has a C++ runtime calls it. */
static any_operator *find_operator(const char *name) {
    any_operator *found;
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol) abort();
    memcpy(&found, &symbol, sizeof(symbol));
    return found;
}

/* An operator takes up to three words, and gives none or one.  Here each takes and gives all, which
 * does no harm in a register. */
#define OPERATOR(name)                                  \
    any_operator name;                                  \
    EXPORT void *name(size_t a, size_t b, size_t c) {   \
        static any_operator *one;                       \
        if (UNLIKELY(!one)) one = find_operator(#name); \
        MARK;                                           \
        return one(a, b, c);                            \
    }

OPERATOR(_Znwm)
OPERATOR(_Znam)
OPERATOR(_ZnwmRKSt9nothrow_t)
OPERATOR(_ZnamRKSt9nothrow_t)
OPERATOR(_ZnwmSt11align_val_t)
OPERATOR(_ZnamSt11align_val_t)
OPERATOR(_ZnwmSt11align_val_tRKSt9nothrow_t)
OPERATOR(_ZnamSt11align_val_tRKSt9nothrow_t)
OPERATOR(_ZdlPv)
OPERATOR(_ZdaPv)
OPERATOR(_ZdlPvm)
OPERATOR(_ZdaPvm)
OPERATOR(_ZdlPvRKSt9nothrow_t)
OPERATOR(_ZdaPvRKSt9nothrow_t)
OPERATOR(_ZdlPvSt11align_val_t)
OPERATOR(_ZdaPvSt11align_val_t)
OPERATOR(_ZdlPvmSt11align_val_t)
OPERATOR(_ZdaPvmSt11align_val_t)
