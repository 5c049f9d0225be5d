/* jemalloc's fast paths, which also return usable sizes.  For C files that are
 * compiled with its internal headers.
 *
 * They work in the same cases as jemalloc's own fast paths.  In all other cases jemalloc
 * has set the thread's event threshold to 0 ("now"): when the thread is not initialised
 * yet, when blocks must be filled or sampled, or when the thread has no cache.  Then these
 * functions return false, and jemalloc's own functions must be called.
 */
#ifndef ZMALLOC_ALLOCATOR_JEMALLOC_INSIDE_FAST_PATHS_H_
#define ZMALLOC_ALLOCATOR_JEMALLOC_INSIDE_FAST_PATHS_H_

/* jemalloc needs this order. */
/* clang-format off */
#include "jemalloc/internal/jemalloc_preamble.h"
#include "jemalloc/internal/jemalloc_internal_includes.h"
/* clang-format on */

#include ZM_JEMALLOC_RELEASE_HEADER /* release_5_3_0.h, ...: a file per release */

/* jemalloc's slow paths; not all releases declare both. */
void *malloc_default(size_t size);
void free_default(void *ptr);

/* Prints a message, once, if jemalloc fails because the system's pages are larger than
 * those that it was built for. */
void je_explain_page_size(void);

/* Whether a block of this class can come from or go to the thread cache with no further
 * work.  No event must be due for this thread. */
JEMALLOC_ALWAYS_INLINE bool is_cached(tsd_t *tsd, szind_t index) {
    return !(config_prof && opt_prof) && je_release_caches(tsd_tcachep_get(tsd), index);
}

/* This thread's TSD; NULL where a TSD must be allocated and is not there yet.  The empty
 * assembly keeps it in a register: else the compiler computes its address again for each
 * use. */
JEMALLOC_ALWAYS_INLINE tsd_t *current_tsd(void) {
    if (tsd_get_allocates()) return likely(malloc_initialized()) ? tsd_get(false) : NULL;
    tsd_t *tsd = tsd_get(false);
    __asm__("" : "+r"(tsd));
    return tsd;
}

JEMALLOC_ALWAYS_INLINE bool is_missing(const tsd_t *tsd) {
    return tsd_get_allocates() && unlikely(tsd == NULL);
}

/* Takes a block of a cached class from the thread cache, if there is one. */
JEMALLOC_ALWAYS_INLINE bool take_cached(tsd_t *tsd, szind_t index, uint64_t allocated, void **ptr) {
    cache_bin_t *bin = &tsd_tcachep_get(tsd)->bins[index];
    bool found;
    *ptr = cache_bin_alloc(bin, &found);
    if (unlikely(!found)) return false;
    fastpath_success_finish(tsd, allocated, bin, *ptr);
    return true;
}

/* Whether no event is due after this thread allocates `usize` more bytes.  Sets *allocated to
 * the thread's count after that. */
JEMALLOC_ALWAYS_INLINE bool no_event(tsd_t *tsd, size_t usize, uint64_t *allocated) {
    uint64_t before, threshold;
    te_malloc_fastpath_ctx(tsd, &before, &threshold);
    *allocated = before + usize;
    return likely(*allocated < threshold);
}

/* Takes a block from the thread cache, as imalloc_fastpath() does.  When there is none, it
 * returns false and sets *usize to the usable size of the block that malloc_default() will
 * return, or to 0 for sizes that are not small or a thread without a TSD. */
JEMALLOC_ALWAYS_INLINE bool fast_malloc_small(size_t size, void **ptr, size_t *usize) {
    tsd_t *tsd = current_tsd();
    *usize = 0;
    if (unlikely(size > SC_LOOKUP_MAXCLASS) || is_missing(tsd)) return false;
    szind_t index;
    uint64_t allocated;
    sz_size2index_usize_fastpath(size, &index, usize);
    return no_event(tsd, *usize, &allocated) && take_cached(tsd, index, allocated, ptr);
}

/* The same, but it needs one register less: the thread's count stays in memory meanwhile. */
JEMALLOC_ALWAYS_INLINE bool fast_malloc_small_of_zone(size_t size, void **ptr, size_t *usize) {
    tsd_t *tsd = current_tsd();
    *usize = 0;
    if (unlikely(size > SC_LOOKUP_MAXCLASS) || is_missing(tsd)) return false;
    szind_t index;
    uint64_t after;
    bool found;
    sz_size2index_usize_fastpath(size, &index, usize);
    if (!no_event(tsd, *usize, &after)) return false;
    cache_bin_t *bin = &tsd_tcachep_get(tsd)->bins[index];
    *ptr = cache_bin_alloc(bin, &found);
    if (unlikely(!found)) return false;
    uint64_t *allocated = tsd_thread_allocatedp_get_unsafe(tsd);
    __asm__("" : "+m"(*allocated));
    fastpath_success_finish(tsd, *allocated + *usize, bin, *ptr);
    return true;
}

/* The same for larger sizes that the thread cache holds; jemalloc has no fast path for
 * them. */
JEMALLOC_ALWAYS_INLINE bool fast_malloc_larger(size_t size, void **ptr, size_t *usize) {
    tsd_t *tsd = current_tsd();
    if (size <= SC_LOOKUP_MAXCLASS || size > TCACHE_MAXCLASS_LIMIT || is_missing(tsd)) return false;
    const szind_t index = sz_size2index(size);
    uint64_t allocated;
    *usize = sz_index2size(index);
    return no_event(tsd, *usize, &allocated) && is_cached(tsd, index) &&
           take_cached(tsd, index, allocated, ptr);
}

JEMALLOC_ALWAYS_INLINE bool fast_malloc(size_t size, void **ptr, size_t *usize) {
    return fast_malloc_small(size, ptr, usize) || fast_malloc_larger(size, ptr, usize);
}

/* Finds the size class of a block, if this thread has recently looked up a block near it. */
JEMALLOC_ALWAYS_INLINE bool fast_lookup(tsd_t *tsd, const void *ptr, emap_alloc_ctx_t *found) {
    return !emap_alloc_ctx_try_lookup_fast(tsd, &arena_emap_global, ptr, found) &&
           !cache_bin_nonfast_aligned(ptr);
}

/* Puts a block of a cached class into the thread cache, if there is room. */
JEMALLOC_ALWAYS_INLINE bool give_cached(tsd_t *tsd, void *ptr, size_t index, size_t *usize) {
    uint64_t deallocated, threshold;
    te_free_fastpath_ctx(tsd, &deallocated, &threshold);
    *usize = sz_index2size_lookup((szind_t)index);
    deallocated += *usize;
    if (unlikely(deallocated >= threshold)) return false;
    if (unlikely(!cache_bin_dalloc_easy(&tsd_tcachep_get(tsd)->bins[index], ptr))) return false;
    *tsd_thread_deallocatedp_get(tsd) = deallocated;
    return true;
}

/* Frees a small block if fast_lookup() finds it and the thread cache has room.  When it
 * returns false, the block is not freed.  Then *usize is the usable size if only the cache
 * had no room, else 0. */
JEMALLOC_ALWAYS_INLINE bool fast_free_small(void *ptr, size_t *usize) {
    tsd_t *tsd = current_tsd();
    emap_alloc_ctx_t block;
    *usize = 0;
    return !is_missing(tsd) && likely(fast_lookup(tsd, ptr, &block)) && likely(block.slab) &&
           give_cached(tsd, ptr, block.szind, usize);
}

/* Thread-local memory that has no values yet is zero (zmalloc/core/early.h), and fast_lookup()
 * would find NULL there.  So here the key is that of the byte before the block.  No block has the
 * key of the byte before NULL.  A block that begins where jemalloc's key changes, at each GiB, is
 * not found. */
JEMALLOC_ALWAYS_INLINE bool fast_lookup_not_null(tsd_t *tsd, const void *ptr,
                                                 emap_alloc_ctx_t *found) {
    const uintptr_t key = (uintptr_t)ptr;
    const rtree_ctx_cache_elm_t *cached =
        &tsd_rtree_ctxp_get_unsafe(tsd)->cache[rtree_cache_direct_map(key)];
    if (unlikely(cached->leafkey != rtree_leafkey(key - 1))) return false;
    const rtree_metadata_t block =
        rtree_leaf_elm_read(tsd_tsdn(tsd), &arena_emap_global.rtree,
                            &cached->leaf[rtree_subkey(key, RTREE_HEIGHT - 1)], true)
            .metadata;
    found->szind = block.szind;
    found->slab = block.slab;
    return !cache_bin_nonfast_aligned(ptr);
}

/* fast_free_small() with it. */
JEMALLOC_ALWAYS_INLINE bool fast_free_small_not_null(void *ptr, size_t *usize) {
    tsd_t *tsd = current_tsd();
    emap_alloc_ctx_t block;
    return !is_missing(tsd) && likely(fast_lookup_not_null(tsd, ptr, &block)) &&
           likely(block.slab) && give_cached(tsd, ptr, block.szind, usize);
}

/* The same for large blocks; false for NULL. */
JEMALLOC_ALWAYS_INLINE bool fast_free_larger(void *ptr, size_t *usize) {
    tsd_t *tsd = current_tsd();
    emap_alloc_ctx_t block;
    return !is_missing(tsd) && ptr != NULL && fast_lookup(tsd, ptr, &block) && !block.slab &&
           *tsd_thread_deallocated_next_event_fastp_get_unsafe(tsd) != 0 &&
           is_cached(tsd, block.szind) && give_cached(tsd, ptr, block.szind, usize);
}

/* Frees a small block, not NULL, of a known size, which is at most SC_LOOKUP_MAXCLASS. */
JEMALLOC_ALWAYS_INLINE bool fast_free_sized(void *ptr, size_t size, size_t *usize) {
    tsd_t *tsd = current_tsd();
    return !is_missing(tsd) && !(config_prof && opt_prof) && !cache_bin_nonfast_aligned(ptr) &&
           give_cached(tsd, ptr, sz_size2index_lookup(size), usize);
}

#endif /* ZMALLOC_ALLOCATOR_JEMALLOC_INSIDE_FAST_PATHS_H_ */
