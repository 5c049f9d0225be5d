/* Compiled against jemalloc's internal headers, into the library.
 *
 * The fast paths hold where jemalloc's own do: it raises the event threshold of
 * a thread to "now" (0) whenever something special is to happen, be it that it
 * is not yet initialised, that blocks are to be filled or sampled, or that the
 * thread has no cache.  Everything else is left to jemalloc's functions.
 */
/* In jemalloc's order. */
/* clang-format off */
#include "jemalloc/internal/jemalloc_preamble.h"
#include "jemalloc/internal/jemalloc_internal_includes.h"
/* clang-format on */

#include <jemalloc/extension.h>

#include "third_party/jemalloc/release.h" /* a file per release */

/* Whether a block of this class, got or freed by a thread for which no event is
 * due, can come from or go to its cache, with nothing else to be done. */
JEMALLOC_ALWAYS_INLINE bool is_cached(tsd_t *tsd, szind_t index) {
    return !(config_prof && opt_prof) && je_release_caches(tsd_tcachep_get(tsd), index);
}

static void *no_block(size_t size) {
    (void)size;
    return NULL;
}

/* As imalloc_fastpath(), for sizes that it leaves out though they are cached. */
JEMALLOC_ALWAYS_INLINE void *fast_malloc_above_lookup(size_t size, size_t *usize) {
    tsd_t *tsd = tsd_get(false);
    if (unlikely(size > TCACHE_MAXCLASS_LIMIT || tsd == NULL)) return NULL;
    const szind_t index = sz_size2index(size);
    const size_t class_size = sz_index2size(index);

    uint64_t allocated, threshold;
    te_malloc_fastpath_ctx(tsd, &allocated, &threshold);
    allocated += class_size;
    if (unlikely(allocated >= threshold || !is_cached(tsd, index))) return NULL;

    bool found;
    cache_bin_t *bin = &tsd_tcachep_get(tsd)->bins[index];
    void *ptr = cache_bin_alloc(bin, &found);
    if (unlikely(!found)) return NULL;
    fastpath_success_finish(tsd, allocated, bin, ptr);
    *usize = class_size;
    return ptr;
}

/* A block from the thread cache, or NULL. */
JEMALLOC_ALWAYS_INLINE void *fast_malloc(size_t size, size_t *usize) {
    if (unlikely(size > SC_LOOKUP_MAXCLASS)) return fast_malloc_above_lookup(size, usize);
    /* imalloc_fastpath() does the same, and the compiler makes them one, as long
     * as nothing is stored in between. */
    szind_t index;
    size_t found;
    sz_size2index_usize_fastpath(size, &index, &found);
    void *ptr = imalloc_fastpath(size, &no_block);
    *usize = found;
    return ptr;
}

/* The size class of a block, when this thread looked near it lately. */
JEMALLOC_ALWAYS_INLINE bool fast_lookup(tsd_t *tsd, const void *ptr, emap_alloc_ctx_t *found) {
    return !emap_alloc_ctx_try_lookup_fast(tsd, &arena_emap_global, ptr, found) &&
           !cache_bin_nonfast_aligned(ptr);
}

/* Gives a block to the thread cache, if that has room. */
JEMALLOC_ALWAYS_INLINE bool fast_free(tsd_t *tsd, void *ptr, const emap_alloc_ctx_t *block) {
    uint64_t deallocated, threshold;
    te_free_fastpath_ctx(tsd, &deallocated, &threshold);
    deallocated += sz_index2size(block->szind);
    if (unlikely(deallocated >= threshold)) return false;
    if (unlikely(!block->slab) && !is_cached(tsd, block->szind)) return false;
    if (!cache_bin_dalloc_easy(&tsd_tcachep_get(tsd)->bins[block->szind], ptr)) return false;
    *tsd_thread_deallocatedp_get(tsd) = deallocated;
    return true;
}

/* jemalloc counts a block that stays in its place as allocated and freed. */
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

/* From a small block to a cached one; NULL when nothing was done.  Large blocks
 * are not for this: jemalloc may be able to resize them in place. */
JEMALLOC_ALWAYS_INLINE void *fast_realloc(void *ptr, size_t size, size_t *old_usize,
                                          size_t *new_usize) {
    tsd_t *tsd = tsd_get(false);
    emap_alloc_ctx_t block;
    if (unlikely(size == 0 || size > TCACHE_MAXCLASS_LIMIT || tsd == NULL ||
                 !fast_lookup(tsd, ptr, &block) || !block.slab)) {
        return NULL;
    }
    const size_t old = sz_index2size(block.szind);
    *old_usize = old;
    if (sz_size2index(size) == block.szind) {
        *new_usize = old;
        return count_unmoved(tsd, old) ? ptr : NULL;
    }
    size_t usize;
    void *moved = fast_malloc(size, &usize);
    if (unlikely(moved == NULL)) return NULL;
    *new_usize = usize;
    memcpy(moved, ptr, old < usize ? old : usize);
    if (unlikely(!fast_free(tsd, ptr, &block))) je_free(ptr);
    return moved;
}

/* Where pages are larger than jemalloc was built for every call fails, and
 * jemalloc says no more than "Unsupported system page size". */
JEMALLOC_NOINLINE static void explain_page_size(void) {
    static atomic_b_t explained = ATOMIC_INIT(false);
    const long page = sysconf(_SC_PAGESIZE);
    if (page <= (long)PAGE || atomic_exchange_b(&explained, true, ATOMIC_RELAXED)) return;
    malloc_printf(
        "<jemalloc>: built for pages of %zu bytes, but this system's have %ld: "
        "build with --jemalloc_lg_page=%d\n",
        (size_t)PAGE, page, __builtin_ctzl((unsigned long)page));
}

/* The usable size of what jemalloc made of a request: computed, not looked up. */
static size_t usize_of(const void *ptr, size_t size) {
    if (likely(ptr != NULL)) return sz_s2u(size);
    explain_page_size();
    return 0;
}

JEMALLOC_NOINLINE static void *slow_malloc(size_t size, size_t *usize) {
    void *ptr = je_malloc(size);
    *usize = usize_of(ptr, size);
    return ptr;
}

void *je_malloc_with_usize(size_t size, size_t *usize) {
    void *ptr = fast_malloc(size, usize);
    return likely(ptr != NULL) ? ptr : slow_malloc(size, usize);
}

JEMALLOC_NOINLINE static void *slow_calloc(size_t num, size_t size, size_t *usize) {
    void *ptr = je_calloc(num, size);
    *usize = usize_of(ptr, num * size);
    return ptr;
}

void *je_calloc_with_usize(size_t num, size_t size, size_t *usize) {
    size_t bytes;
    if (likely(!__builtin_mul_overflow(num, size, &bytes))) {
        void *ptr = fast_malloc(bytes, usize);
        if (likely(ptr != NULL)) return memset(ptr, 0, *usize);
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
    je_free(ptr);
}

void je_free_with_usize(void *ptr, size_t *usize) {
    tsd_t *tsd = tsd_get(false);
    emap_alloc_ctx_t block;
    if (likely(tsd != NULL && fast_lookup(tsd, ptr, &block) && fast_free(tsd, ptr, &block))) {
        *usize = sz_index2size(block.szind);
    } else {
        slow_free(ptr, usize);
    }
}

/* Slabs of one bin that are neither full nor current, and the blocks in them. */
struct slab_use {
    size_t slabs;
    size_t blocks;
};

static void add_sparse_slabs(const bin_t *bin, size_t nregs, struct slab_use *use) {
    size_t elsewhere = (bin->stats.curslabs - bin->stats.nonfull_slabs) * nregs;
    /* The current slab is not among nonfull_slabs, full or not. */
    if (bin->slabcur != NULL) elsewhere -= edata_nfree_get(bin->slabcur);
    use->slabs += bin->stats.nonfull_slabs;
    use->blocks += bin->stats.curregs - elsewhere;
}

int je_get_defrag_hint(void *ptr) {
    tsdn_t *tsdn = tsdn_fetch();
    edata_t *slab = emap_edata_lookup(tsdn, &arena_emap_global, ptr);
    if (!config_stats || slab == NULL || !edata_slab_get(slab)) return 0;

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

    /* One lock at a time: they are of one rank. */
    for (unsigned shard = 0; shard < info->n_shards; shard++) {
        if (shard == own) continue;
        bin = arena_get_bin(arena, index, shard);
        malloc_mutex_lock(tsdn, &bin->lock);
        add_sparse_slabs(bin, info->nregs, &use);
        malloc_mutex_unlock(tsdn, &bin->lock);
    }
    return (info->nregs - nfree) * use.slabs <= use.blocks + use.blocks / 8;
}
