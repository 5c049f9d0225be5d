/* Defragmentation hints from a jemalloc without our extension, through its
 * experimental.utilization mallctls, if it has them. */
#include <jemalloc/jemalloc.h>
#include <pthread.h>

#define ZM_MALLCTLNAMETOMIB je_mallctlnametomib
#define ZM_MALLCTLBYMIB je_mallctlbymib
#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/mib.h"

enum { BATCH = 8 }; /* takes 256 bytes of stack */

static struct zm_mib batch_query = {.name = "experimental.utilization.batch_query"};
static struct zm_mib query = {.name = "experimental.utilization.query"};
static struct zm_mib *const mibs[] = {&batch_query, &query};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void resolve(void) { zm_mib_resolve(mibs, sizeof mibs / sizeof mibs[0]); }

bool zm_backend_can_defrag(void) {
    pthread_once(&once, resolve);
    return batch_query.length != 0 && query.length != 0;
}

/* batch_query's result for a slab, or for a large block: then `regions` is 1. */
struct slab {
    size_t free_regions, regions, size;
};

/* query's result for a block's slab and bin. */
struct slab_and_bin {
    void *current; /* the slab from which the bin takes new blocks, or NULL */
    struct slab slab;
    size_t bin_free_regions, bin_regions;
};

/* Asks about `count` pointers and writes the answer, of `wanted` bytes, to `result`. */
static bool ask(const struct zm_mib *mib, const void *const *ptrs, size_t count, void *result,
                size_t wanted) {
    size_t size = wanted;
    return je_mallctlbymib(mib->path, mib->length, result, &size, (void *)(uintptr_t)ptrs,
                           count * sizeof *ptrs) == 0 &&
           size == wanted;
}

/* The rule of zmalloc/defrag.h.  Here the average includes full slabs, so there is no extra
 * eighth. */
static bool is_sparse(const void *ptr, const struct slab_and_bin *found) {
    size_t slabs = found->slab.regions != 0 ? found->bin_regions / found->slab.regions : 0;
    if (slabs < 2 || (uintptr_t)ptr - (uintptr_t)found->current < found->slab.size) return false;
    size_t used = found->slab.regions - found->slab.free_regions;
    return used * slabs <= found->bin_regions - found->bin_free_regions;
}

/* Copies the pointers without NULLs, about which jemalloc must not be asked. */
static size_t without_nulls(const void *const *given, size_t count, const void **ptrs) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (given[i] != NULL) ptrs[kept++] = given[i];
    }
    return kept;
}

static void decide(const void *const *given, size_t count, bool *should) {
    const void *ptrs[BATCH];
    struct slab slabs[BATCH];
    size_t blocks = without_nulls(given, count, ptrs);
    bool known = blocks != 0 && ask(&batch_query, ptrs, blocks, slabs, blocks * sizeof slabs[0]);
    for (size_t i = 0, b = 0; i < count; i++) {
        struct slab_and_bin found;
        should[i] = false;
        if (given[i] == NULL || !known) continue;
        const struct slab *slab = &slabs[b++];
        /* Large blocks and full slabs, which are the most, need no second query. */
        should[i] = slab->regions > 1 && slab->free_regions > 0 &&
                    ask(&query, &given[i], 1, &found, sizeof found) && is_sparse(given[i], &found);
    }
}

void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    for (size_t done = 0; done < count; done += BATCH) {
        decide(ptrs + done, count - done < BATCH ? count - done : BATCH, should + done);
    }
}

bool zm_backend_slab_of(const void *ptr, struct zm_slab *slab) {
    (void)ptr, (void)slab;
    return false;
}
