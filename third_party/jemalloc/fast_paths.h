/* jemalloc's fast paths, with usable sizes.  For C files that are compiled
 * against its internal headers.
 *
 * They hold where jemalloc's own do: it raises the event threshold of a thread
 * to "now" (0) whenever something special is to happen, be it that it is not yet
 * initialised, that blocks are to be filled or sampled, or that the thread has
 * no cache.  Everything else is left to jemalloc's functions.
 */
#ifndef ZMALLOC_THIRD_PARTY_JEMALLOC_FAST_PATHS_H_
#define ZMALLOC_THIRD_PARTY_JEMALLOC_FAST_PATHS_H_

/* In jemalloc's order. */
/* clang-format off */
#include "jemalloc/internal/jemalloc_preamble.h"
#include "jemalloc/internal/jemalloc_internal_includes.h"
/* clang-format on */

#include "third_party/jemalloc/release.h" /* a file per release */

/* jemalloc's ways after its fast path; not all releases declare both. */
void *malloc_default(size_t size);
void free_default(void *ptr);

/* Tells, once, when memory cannot be had because pages are larger than jemalloc
 * was built for. */
void je_explain_page_size(void);

/* Whether a block of this class, got or freed by a thread for which no event is
 * due, can come from or go to its cache, with nothing else to be done. */
JEMALLOC_ALWAYS_INLINE bool is_cached(tsd_t *tsd, szind_t index) {
    return !(config_prof && opt_prof) && je_release_caches(tsd_tcachep_get(tsd), index);
}

/* This thread's, or NULL where threads have none at first.  Kept in a register:
 * the compiler would rather work out its address anew for each use. */
JEMALLOC_ALWAYS_INLINE tsd_t *tsd_at_hand(void) {
    if (tsd_get_allocates()) return likely(malloc_initialized()) ? tsd_get(false) : NULL;
    tsd_t *tsd = tsd_get(false);
    __asm__("" : "+r"(tsd));
    return tsd;
}

JEMALLOC_ALWAYS_INLINE bool is_missing(const tsd_t *tsd) {
    return tsd_get_allocates() && unlikely(tsd == NULL);
}

/* Takes a block of a cached class from the thread cache, if that has one. */
JEMALLOC_ALWAYS_INLINE bool take_cached(tsd_t *tsd, szind_t index, uint64_t allocated, void **ptr) {
    cache_bin_t *bin = &tsd_tcachep_get(tsd)->bins[index];
    bool found;
    *ptr = cache_bin_alloc(bin, &found);
    if (unlikely(!found)) return false;
    fastpath_success_finish(tsd, allocated, bin, *ptr);
    return true;
}

/* Whether no event is due once this thread allocated `usize` bytes more; the
 * count that it then has. */
JEMALLOC_ALWAYS_INLINE bool no_event(tsd_t *tsd, size_t usize, uint64_t *allocated) {
    uint64_t before, threshold;
    te_malloc_fastpath_ctx(tsd, &before, &threshold);
    *allocated = before + usize;
    return likely(*allocated < threshold);
}

/* A block from the thread cache, as imalloc_fastpath(); false when there is none.
 * *usize is then still what malloc_default() will give, or 0 for sizes that are not
 * small. */
JEMALLOC_ALWAYS_INLINE bool fast_malloc_small(size_t size, void **ptr, size_t *usize) {
    tsd_t *tsd = tsd_at_hand();
    *usize = 0;
    if (unlikely(size > SC_LOOKUP_MAXCLASS) || is_missing(tsd)) return false;
    szind_t index;
    uint64_t allocated;
    sz_size2index_usize_fastpath(size, &index, usize);
    return no_event(tsd, *usize, &allocated) && take_cached(tsd, index, allocated, ptr);
}

/* The same for sizes that this and jemalloc leave out though they are cached. */
JEMALLOC_ALWAYS_INLINE bool fast_malloc_larger(size_t size, void **ptr, size_t *usize) {
    tsd_t *tsd = tsd_at_hand();
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

/* The size class of a block, when this thread looked near it lately. */
JEMALLOC_ALWAYS_INLINE bool fast_lookup(tsd_t *tsd, const void *ptr, emap_alloc_ctx_t *found) {
    return !emap_alloc_ctx_try_lookup_fast(tsd, &arena_emap_global, ptr, found) &&
           !cache_bin_nonfast_aligned(ptr);
}

/* Gives a block of a cached class to the thread cache, if that has room. */
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

/* Frees a block, if it is one of a slab that is looked up and cached at once.  If
 * only the latter fails, *usize is set all the same; else it is 0. */
JEMALLOC_ALWAYS_INLINE bool fast_free_small(void *ptr, size_t *usize) {
    tsd_t *tsd = tsd_at_hand();
    emap_alloc_ctx_t block;
    *usize = 0;
    return !is_missing(tsd) && likely(fast_lookup(tsd, ptr, &block)) && likely(block.slab) &&
           give_cached(tsd, ptr, block.szind, usize);
}

/* The same for large blocks, and NULL, which is left alone. */
JEMALLOC_ALWAYS_INLINE bool fast_free_larger(void *ptr, size_t *usize) {
    tsd_t *tsd = tsd_at_hand();
    emap_alloc_ctx_t block;
    return !is_missing(tsd) && ptr != NULL && fast_lookup(tsd, ptr, &block) && !block.slab &&
           *tsd_thread_deallocated_next_event_fastp_get_unsafe(tsd) != 0 &&
           is_cached(tsd, block.szind) && give_cached(tsd, ptr, block.szind, usize);
}

/* A small block, not NULL, told its size: no more than SC_LOOKUP_MAXCLASS. */
JEMALLOC_ALWAYS_INLINE bool fast_free_sized(void *ptr, size_t size, size_t *usize) {
    tsd_t *tsd = tsd_at_hand();
    return !is_missing(tsd) && !(config_prof && opt_prof) && !cache_bin_nonfast_aligned(ptr) &&
           give_cached(tsd, ptr, sz_size2index_lookup(size), usize);
}

#endif /* ZMALLOC_THIRD_PARTY_JEMALLOC_FAST_PATHS_H_ */
