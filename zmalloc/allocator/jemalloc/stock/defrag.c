/* Defragmentation hints from a jemalloc as it is released, through its
 * experimental.utilization mallctls, if this one has them. */
#include <jemalloc/jemalloc.h>
#include <pthread.h>

#include "zmalloc/allocator/backend.h"

enum { MIB_MAX = 4, BATCH = 64 };

struct mib {
    size_t length; /* 0: this jemalloc does not have it */
    size_t path[MIB_MAX];
};

static struct mib batch_query, query;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void resolve_one(const char *name, struct mib *mib) {
    size_t length = MIB_MAX;
    if (je_mallctlnametomib(name, mib->path, &length) == 0) mib->length = length;
}

static void resolve(void) {
    resolve_one("experimental.utilization.batch_query", &batch_query);
    resolve_one("experimental.utilization.query", &query);
}

bool zm_backend_can_defrag(void) {
    pthread_once(&once, resolve);
    return batch_query.length != 0 && query.length != 0;
}

/* What batch_query says of a slab, or of a large block: then `regions` is 1. */
struct slab {
    size_t free_regions, regions, size;
};

/* What query says of a block's slab and bin. */
struct slab_and_bin {
    void *current; /* the slab that the bin takes new blocks from, or NULL */
    struct slab slab;
    size_t bin_free_regions, bin_regions;
};

/* `wanted` bytes about `count` pointers into `result`. */
static bool ask(const struct mib *mib, const void *const *ptrs, size_t count, void *result,
                size_t wanted) {
    size_t size = wanted;
    return je_mallctlbymib(mib->path, mib->length, result, &size, (void *)(uintptr_t)ptrs,
                           count * sizeof *ptrs) == 0 &&
           size == wanted;
}

/* The rule.  Full slabs count in the average here, so there is no margin. */
static bool is_sparse(const void *ptr, const struct slab_and_bin *found) {
    size_t slabs = found->slab.regions != 0 ? found->bin_regions / found->slab.regions : 0;
    if (slabs < 2 || (uintptr_t)ptr - (uintptr_t)found->current < found->slab.size) return false;
    size_t used = found->slab.regions - found->slab.free_regions;
    return used * slabs <= found->bin_regions - found->bin_free_regions;
}

/* The blocks given, without NULLs, which jemalloc must not be asked about. */
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
        /* Large blocks and full slabs, most of all, need no second look. */
        should[i] = slab->regions > 1 && slab->free_regions > 0 &&
                    ask(&query, &given[i], 1, &found, sizeof found) && is_sparse(given[i], &found);
    }
}

void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    for (size_t done = 0; done < count; done += BATCH) {
        decide(ptrs + done, count - done < BATCH ? count - done : BATCH, should + done);
    }
}
