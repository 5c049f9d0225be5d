/* Compiled with jemalloc's internal headers, as a part of the jemalloc library. */
#include <jemalloc/extension.h>

#include "zmalloc/allocator/jemalloc/inside/fast_paths.h"
#include "zmalloc/core/traces.h"

/* When realloc keeps a block in its place, jemalloc counts it as freed and allocated again. */
JEMALLOC_ALWAYS_INLINE bool count_unmoved(tsd_t *tsd, size_t usize) {
    uint64_t allocated, deallocated, alloc_threshold, free_threshold;
    te_malloc_fastpath_ctx(tsd, &allocated, &alloc_threshold);
    te_free_fastpath_ctx(tsd, &deallocated, &free_threshold);
    allocated += usize;
    deallocated += usize;
    if (unlikely(allocated >= alloc_threshold || deallocated >= free_threshold)) return false;
    thread_allocated_set(tsd, allocated);
    *tsd_thread_deallocatedp_get(tsd) = deallocated;
    return true;
}

/* Keeps a block in its place, or moves a small block to a block from the thread cache.
 * Returns NULL when it did nothing.  It does not move large blocks: jemalloc may be able to
 * resize them. */
JEMALLOC_ALWAYS_INLINE void *fast_realloc(void *ptr, size_t size, size_t *old_usize,
                                          size_t *new_usize) {
    tsd_t *tsd = current_tsd();
    emap_alloc_ctx_t block;
    if (unlikely(size == 0 || size > TCACHE_MAXCLASS_LIMIT || is_missing(tsd) ||
                 !fast_lookup(tsd, ptr, &block))) {
        return NULL;
    }
    if (unlikely(!block.slab) && config_prof && opt_prof) return NULL;
    const size_t old = sz_index2size(block.szind);
    *old_usize = old;
    if (sz_size2index(size) == block.szind) {
        *new_usize = old;
        return count_unmoved(tsd, old) ? ptr : NULL;
    }
    if (!block.slab) return NULL;
    void *moved;
    size_t usize, freed;
    if (unlikely(!fast_malloc(size, &moved, &usize))) return NULL;
    *new_usize = usize;
    memcpy(moved, ptr, old < usize ? old : usize);
    if (unlikely(!give_cached(tsd, ptr, block.szind, &freed))) je_free(ptr);
    return moved;
}

/* If the system's pages are larger than those that jemalloc was built for, every call fails,
 * and jemalloc only prints "Unsupported system page size". */
JEMALLOC_NOINLINE void je_explain_page_size(void) {
    static atomic_b_t explained = ATOMIC_INIT(false);
    const long page = sysconf(_SC_PAGESIZE);
    if (page <= (long)PAGE || atomic_exchange_b(&explained, true, ATOMIC_RELAXED)) return;
    malloc_printf(
        "<jemalloc>: built for pages of %zu bytes, but this system's have %ld: "
        "build with --jemalloc_lg_page=%d\n",
        (size_t)PAGE, page, __builtin_ctzl((unsigned long)page));
}

/* The usable size of a new block of `size` requested bytes: computed, not looked up. */
static size_t usize_of(const void *ptr, size_t size) {
    if (likely(ptr != NULL)) return sz_s2u(size);
    je_explain_page_size();
    return 0;
}

JEMALLOC_NOINLINE static void *slow_malloc(size_t size, size_t *usize) {
    void *ptr = malloc_default(size);
    *usize = usize_of(ptr, size);
    return ptr;
}

void *je_malloc_with_usize(size_t size, size_t *usize) {
    void *ptr;
    size_t got;
    if (unlikely(!fast_malloc(size, &ptr, &got))) return slow_malloc(size, usize);
    *usize = got;
    return ptr;
}

JEMALLOC_NOINLINE static void *slow_calloc(size_t num, size_t size, size_t *usize) {
    void *ptr = je_calloc(num, size);
    *usize = usize_of(ptr, num * size);
    return ptr;
}

void *je_calloc_with_usize(size_t num, size_t size, size_t *usize) {
    size_t bytes;
    if (likely(!__builtin_mul_overflow(num, size, &bytes))) {
        void *ptr;
        if (likely(fast_malloc(bytes, &ptr, usize))) return memset(ptr, 0, *usize);
    }
    return slow_calloc(num, size, usize);
}

JEMALLOC_NOINLINE static void *slow_realloc(void *ptr, size_t size, size_t *old_usize,
                                            size_t *new_usize) {
    *old_usize = je_malloc_usable_size(ptr);
    void *result = je_realloc(ptr, size);
    *new_usize = usize_of(result, size);
    return result;
}

void *je_realloc_with_usize(void *ptr, size_t size, size_t *old_usize, size_t *new_usize) {
    if (unlikely(ptr == NULL)) {
        *old_usize = 0;
        return je_malloc_with_usize(size, new_usize);
    }
    void *result = fast_realloc(ptr, size, old_usize, new_usize);
    return likely(result != NULL) ? result : slow_realloc(ptr, size, old_usize, new_usize);
}

JEMALLOC_NOINLINE static void slow_free(void *ptr, size_t *usize) {
    *usize = je_malloc_usable_size(ptr);
    free_default(ptr);
}

void je_free_with_usize(void *ptr, size_t *usize) {
    size_t had;
    if (likely(fast_free_small(ptr, &had) || fast_free_larger(ptr, &had))) {
        *usize = had;
    } else {
        slow_free(ptr, usize);
    }
}

/* The number of slabs of a bin that are neither full nor current, and of the blocks in them. */
struct slab_use {
    size_t slabs;
    size_t blocks;
};

static void add_sparse_slabs(const bin_t *bin, size_t nregs, struct slab_use *use) {
    size_t elsewhere = (bin->stats.curslabs - bin->stats.nonfull_slabs) * nregs;
    /* nonfull_slabs does not count the current slab, even if that is not full. */
    if (bin->slabcur != NULL) elsewhere -= edata_nfree_get(bin->slabcur);
    use->slabs += bin->stats.nonfull_slabs;
    use->blocks += bin->stats.curregs - elsewhere;
}

int je_get_defrag_hint(void *ptr) {
    tsdn_t *tsdn = tsdn_fetch();
    emap_full_alloc_ctx_t block;
    if (!config_stats || emap_full_alloc_ctx_try_lookup(tsdn, &arena_emap_global, ptr, &block) ||
        !block.slab) {
        return 0; /* servers may ask about any pointer */
    }

    edata_t *slab = block.edata;
    arena_t *arena = arena_get_from_edata(slab);
    const szind_t index = edata_szind_get(slab);
    const bin_info_t *info = &bin_infos[index];
    const unsigned own = edata_binshard_get(slab);
    struct slab_use use = {0, 0};

    bin_t *bin = arena_get_bin(arena, index, own);
    malloc_mutex_lock(tsdn, &bin->lock);
    const size_t nfree = edata_nfree_get(slab);
    const bool sparse = nfree > 0 && slab != bin->slabcur;
    add_sparse_slabs(bin, info->nregs, &use);
    malloc_mutex_unlock(tsdn, &bin->lock);
    if (!sparse) return 0;

    /* Hold one lock at a time: all these locks have the same rank. */
    for (unsigned shard = 0; shard < info->n_shards; shard++) {
        if (shard == own) continue;
        bin = arena_get_bin(arena, index, shard);
        malloc_mutex_lock(tsdn, &bin->lock);
        add_sparse_slabs(bin, info->nregs, &use);
        malloc_mutex_unlock(tsdn, &bin->lock);
    }
    return (info->nregs - nfree) * use.slabs <= use.blocks + use.blocks / 8;
}

/* Looks up the block at `ptr`, if there is one.  A thread that is new to jemalloc has no cache for
 * look-ups.  This function does not make one, because jemalloc would take its locks: the caller may
 * hold a lock for which a forking thread waits, and that thread holds jemalloc's locks. */
static bool look_up_without_locks(const void *ptr, emap_full_alloc_ctx_t *block) {
    tsd_t *tsd = tsd_get(false);
    const bool seen = tsd != NULL && tsd_state_get(tsd) != tsd_state_uninitialized;
    return !emap_full_alloc_ctx_try_lookup(seen ? tsd_tsdn(tsd) : TSDN_NULL, &arena_emap_global,
                                           ptr, block);
}

bool je_slab_use(const void *ptr, size_t *blocks, size_t *free_bytes) {
    emap_full_alloc_ctx_t block;
    if (!look_up_without_locks(ptr, &block) || !block.slab) return false;
    const bin_info_t *info = &bin_infos[edata_szind_get(block.edata)];
    const size_t nfree = edata_nfree_get(block.edata);
    *blocks = info->nregs - nfree;
    *free_bytes = nfree * info->reg_size;
    return true;
}

bool je_owns(const void *ptr) {
    emap_full_alloc_ctx_t block;
    return malloc_initialized() && look_up_without_locks(ptr, &block) && block.edata != NULL &&
           block.szind < SC_NSIZES;
}

ZM_NAME_IN_TRACES(je_malloc_with_usize, "zmalloc_usable.inside");
ZM_NAME_IN_TRACES(slow_malloc, "zmalloc_usable.slow");
ZM_NAME_IN_TRACES(je_calloc_with_usize, "zcalloc.inside");
ZM_NAME_IN_TRACES(slow_calloc, "zcalloc.slow");
ZM_NAME_IN_TRACES(je_realloc_with_usize, "zrealloc.inside");
ZM_NAME_IN_TRACES(slow_realloc, "zrealloc.slow");
ZM_NAME_IN_TRACES(je_free_with_usize, "zfree_usable.inside");
ZM_NAME_IN_TRACES(slow_free, "zfree_usable.slow");
