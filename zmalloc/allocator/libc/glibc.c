/* glibc: statistics by mallinfo2 (the sum over its arenas). */
#include <malloc.h>
#include <stddef.h>

#include "zmalloc/allocator/libc/libc.h"

/* struct mallinfo2 and mallinfo2() of <malloc.h>; glibc has them from 2.33 on.  They are
 * declared here, and weak, so that a program built for an older glibc has the statistics when
 * it runs with a newer one. */
struct malloc_statistics {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
extern struct malloc_statistics statistics_of_libc(void) __asm__("mallinfo2") __attribute__((weak));

void zm_libc_stats(bool refresh, struct zm_allocator_stats *stats) {
    (void)refresh; /* always up to date */
    if (statistics_of_libc == NULL) return;
    struct malloc_statistics now = statistics_of_libc();
    /* A sanitizer's malloc returns zeros: then no statistic is known. */
    if (now.arena + now.hblkhd == 0) return;
    /* Large blocks have mappings of their own (hblkhd); all others lie in heaps (arena).
     * glibc does not know how much of these is resident. */
    ZM_STATS_SET(stats, ALLOCATED, allocated, now.uordblks + now.hblkhd);
    ZM_STATS_SET(stats, MAPPED, mapped, now.arena + now.hblkhd);
}

/* Chunks that are free, between blocks and at the ends of heaps. */
bool zm_libc_free_bytes(size_t *bytes) {
    if (statistics_of_libc == NULL) return false;
    const struct malloc_statistics now = statistics_of_libc();
    *bytes = now.fordblks;
    return now.arena + now.hblkhd != 0;
}

/* Weak: a static program with another malloc (tcmalloc) does not have malloc_trim, and the
 * reference must not make the linker add the libc's malloc as a second one. */
#pragma weak malloc_trim

int zm_libc_trim(void) {
    if (malloc_trim == NULL) return -1;
    malloc_trim(0);
    return 0;
}
