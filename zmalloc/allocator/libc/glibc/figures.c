/* glibc's figures, through mallinfo2 (the sum over its arenas). */
#include <stddef.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

/* As in the <malloc.h> of glibc 2.33, the first that has it.  Declared here,
 * and weak, so that what is built for an older glibc has the figures wherever
 * it runs with a newer one. */
struct figures {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
extern struct figures figures_of_libc(void) __asm__("mallinfo2") __attribute__((weak));

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    (void)refresh; /* always up to date */
    if (arena != ZMALLOC_ALL_ARENAS) return false;
    if (figures_of_libc == NULL) return true;
    struct figures now = figures_of_libc();
    /* A sanitizer's malloc answers with zeros: then nothing is known. */
    if (now.arena + now.hblkhd == 0) return true;
    /* Large blocks are mapped by themselves (hblkhd), the rest is carved from
     * heaps (arena).  What of these is resident, glibc does not know. */
    ZM_INFO_SET(info, ALLOCATED, allocated, now.uordblks + now.hblkhd);
    ZM_INFO_SET(info, MAPPED, mapped, now.arena + now.hblkhd);
    return true;
}

int zm_backend_purge(void) { return zm_libc_trim(); }
