/* The sizes and numbers that traced_program uses, for the test that looks for them. */
#ifndef TESTS_TOOLS_TRACED_PROGRAM_H_
#define TESTS_TOOLS_TRACED_PROGRAM_H_

enum {
    SIZE_MALLOC = 70001,
    SIZE_CALLOC = 70002, /* a multiple of 3 */
    SIZE_REALLOC_NULL = 70003,
    SIZE_REALLOC = 70005,
    SIZE_REALLOCARRAY = 70006,
    SIZE_POSIX_MEMALIGN = 70007,
    SIZE_ALIGNED_ALLOC = 70016, /* a multiple of 64 */
    SIZE_MEMALIGN = 70009,
    SIZE_VALLOC = 70010,
    SIZE_PVALLOC = 77777, /* rounded up to a page */
    SIZE_KEPT = 70011,
    SIZE_STRDUP = 7013,
    SIZE_THREAD = 70020,
    SIZE_THREAD_EXIT = 70021,
    SIZE_BEFORE_FORK = 70030,
    SIZE_CHILD = 70031,
    SIZE_AFTER_FORK = 70032,
    SIZE_BEFORE_EXEC = 70040,
    SIZE_KILLED = 70050,
    SIZE_SMALL = 1001,
    SIZE_AFTER = 70060,
    SIZE_PAUSED = 70070,
    SIZE_BEGUN = 70071,

    /* Each larger than the one before: otherwise glibc would use the same pages again. */
    SIZE_UNTOUCHED = 8 << 20,
    SIZE_HALF = 9 << 20, /* the first half is touched */
    SIZE_ZEROS = 10 << 20,
    SIZE_LEFT = 11 << 20,   /* the first half is touched; it is never freed */
    SIZE_LARGER = 12 << 20, /* a little is touched before it is SIZE_RESIZED */
    SIZE_RESIZED = 16 << 20,
    SIZE_PROTECTED = 20 << 20, /* the first half is touched; a page of it is protected */
    SIZE_CLEARED = 100000,     /* calloc gives memory that was used; the first half is touched */
    SIZE_STEP = 4096,          /* a block grows by many of these */
    STEPS = 1000,

    /* Of linked_program. */
    LINKED_ROUNDS = 100,
    SIZE_NEW = 501,
    SIZE_ALIGNED_NEW = 502,
    SIZE_MALLOCX = 503,
    SIZE_RALLOCX = 504,
    SIZE_ALIGNED_MALLOCX = 505,
    SIZE_ZERO_MALLOCX = 506,
    SIZE_LINKED_MALLOC = 507,

    WORK_MS = 1600,
    BACKGROUND_MS = 800,

    GROWN = 32 << 20,
    GROWN_STEPS = 4,

    THREADS = 8,
    SWAPS = 20000,
    SHARED_BLOCKS = 64,
    SHORT_THREADS = 1000,
    CHILDREN = 4200,
    MAX_RAW_SIZE = 2 << 20,
    KILLED_EVENTS = 100000
};

#endif /* TESTS_TOOLS_TRACED_PROGRAM_H_ */
