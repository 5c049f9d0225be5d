/* mimalloc's segment.c and segment-cache.c, and a list of all segments: for statistics, for
 * purging, and to set right in a forked child what belongs to threads that it does not have. */
#include <pthread.h>
#include <sys/mman.h>

#include "mimalloc.h"

/* After mimalloc.h. */
#include "mimalloc-internal.h"
#include "zmalloc/allocator/mimalloc/inside/extension.h"

static mi_segment_t *list_segment(mi_segment_t *segment);
static void unlist_segment(mi_segment_t *segment);
static bool commit_slices(void *at, size_t size, bool *is_zero, mi_stats_t *stats);
static bool commit_has_failed(void);

/* mimalloc's names _mi_NAME are macros already: third_party/mimalloc/private_names.awk.  segment.c
 * calls these two once for each segment: when it has set up most of it, and before it frees it. */
#define mi_private_ptr_cookie(segment) (mi_private_ptr_cookie)(list_segment(segment))
#define mi_private_segment_map_freed_at unlist_segment

#define mi_private_os_commit commit_slices
#define mi_private_arena_alloc_aligned(...) \
    (commit_has_failed() ? NULL : (mi_private_arena_alloc_aligned)(__VA_ARGS__))

/* There is another one below. */
#define mi_private_abandoned_collect mi_unused_abandoned_collect
#include "segment.c"
#undef mi_private_ptr_cookie
#undef mi_private_segment_map_freed_at
#undef mi_private_os_commit
#undef mi_private_arena_alloc_aligned
#undef mi_private_abandoned_collect
#include "segment-cache.c"

/* ---- The list ------------------------------------------------------------------ */

/* A segment's place in the list, in the unused end of its first slice. */
struct place {
    mi_segment_t *next, *prev;
};

enum { HEADER_SIZE = sizeof(mi_segment_t) + sizeof(struct place) };
_Static_assert(HEADER_SIZE <= MI_SEGMENT_SLICE_SIZE, "the first slice has room for both");
_Static_assert(MI_COMMIT_SIZE == MI_SEGMENT_SLICE_SIZE, "commit masks have a bit for each slice");

/* While it is held, no segment goes away. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static mi_segment_t *first_segment;

static struct place *place_of(mi_segment_t *segment) { return (struct place *)(segment + 1); }

static mi_segment_t *list_segment(mi_segment_t *segment) {
    pthread_mutex_lock(&list_lock);
    *place_of(segment) = (struct place){.next = first_segment};
    if (first_segment != NULL) place_of(first_segment)->prev = segment;
    first_segment = segment;
    pthread_mutex_unlock(&list_lock);
    return segment;
}

static void unlist_segment(mi_segment_t *segment) {
    pthread_mutex_lock(&list_lock);
    const struct place place = *place_of(segment);
    if (place.next != NULL) place_of(place.next)->prev = place.prev;
    *(place.prev != NULL ? &place_of(place.prev)->next : &first_segment) = place.next;
    pthread_mutex_unlock(&list_lock);
    _mi_segment_map_freed_at(segment);
}

/* ---- Committing ---------------------------------------------------------------- */

/* When slices cannot be committed, segment.c gets a new segment and tries again; but then it takes
 * the same slices.  If they still cannot be committed, it would do so for ever.  So it gets no
 * segment: the allocation fails. */
static __thread bool commit_failed;

static bool commit_slices(void *at, size_t size, bool *is_zero, mi_stats_t *stats) {
    commit_failed = !_mi_os_commit(at, size, is_zero, stats);
    return !commit_failed;
}

static bool commit_has_failed(void) {
    const bool failed = commit_failed;
    commit_failed = false;
    return failed;
}

/* ---- Statistics ---------------------------------------------------------------- */

/* Other threads change what is read here: each value is one that the variable had, but two need
 * not fit together.  So sums are kept within the bounds of the segment. */
#define READ(variable) (*(const volatile __typeof__(variable) *)&(variable))
#define UNSYNCHRONIZED __attribute__((no_sanitize("thread")))

static size_t smaller(size_t one, size_t other) { return one < other ? one : other; }

UNSYNCHRONIZED static bool is_committed(const mi_commit_mask_t *mask, size_t slice) {
    return (READ(mask->mask[slice / MI_SIZE_BITS]) >> slice % MI_SIZE_BITS & 1) != 0;
}

UNSYNCHRONIZED static size_t committed_slices(const mi_commit_mask_t *mask) {
    size_t count = 0;
    for (size_t slice = 0; slice < MI_SLICES_PER_SEGMENT; slice++) {
        count += is_committed(mask, slice);
    }
    return count;
}

/* How much of free memory the OS has pages for.  Some may be unmapped meanwhile. */
static size_t resident(const uint8_t *start, size_t size) {
    static unsigned char pages[MI_SEGMENT_SIZE / 4096]; /* guarded by the lock */
    const size_t page = _mi_os_page_size();
    size_t count = 0;
    if (mincore((void *)start, size, (void *)pages) != 0) return 0;
    for (size_t i = 0; i < size / page; i++) count += pages[i] & 1;
    return count * page;
}

/* The same of the committed ones of some free slices. */
UNSYNCHRONIZED static size_t resident_slices(const uint8_t *segment, const mi_commit_mask_t *mask,
                                             size_t from, size_t end) {
    size_t sum = 0, begin = from;
    for (size_t slice = from; slice <= end; slice++) {
        if (slice < end && is_committed(mask, slice)) continue;
        if (begin < slice) {
            sum += resident(segment + begin * MI_SEGMENT_SLICE_SIZE,
                            (slice - begin) * MI_SEGMENT_SLICE_SIZE);
        }
        begin = slice + 1;
    }
    return sum;
}

UNSYNCHRONIZED static void add_page(const mi_page_t *page, size_t room, struct mi_usage *usage) {
    const size_t stored = READ(page->xblock_size), used = READ(page->used);
    const size_t size = stored < MI_HUGE_BLOCK_SIZE ? stored : room;
    const size_t allocated = smaller(used * size, room);
    const size_t begun = smaller(READ(page->capacity) * size, room);
    const size_t touched = _mi_align_up(begun, _mi_os_page_size());
    usage->resident += touched;
    if (used == 0) return;
    usage->allocated += allocated;
    usage->active += touched;
    if (size <= MI_SMALL_OBJ_SIZE_MAX && begun > allocated) {
        usage->frag_small += begun - allocated;
    }
}

UNSYNCHRONIZED static void add_segment(const mi_segment_t *segment, struct mi_usage *usage) {
    const size_t slices = READ(segment->segment_slices);
    const size_t entries = smaller(READ(segment->slice_entries), MI_SLICES_PER_SEGMENT);
    const mi_commit_mask_t *mask = &segment->commit_mask;
    const bool is_huge = READ(segment->kind) == MI_SEGMENT_HUGE;
    usage->reserved += slices * MI_SEGMENT_SLICE_SIZE;
    usage->committed += (is_huge ? slices : committed_slices(mask)) * MI_SEGMENT_SLICE_SIZE;
    usage->metadata += _mi_align_up(HEADER_SIZE, _mi_os_page_size());
    usage->resident += _mi_align_up(HEADER_SIZE, _mi_os_page_size());
    for (size_t i = READ(segment->segment_info_slices); i < entries;) {
        const mi_slice_t *slice = &segment->slices[i];
        const size_t room = (is_huge ? slices : entries) - i;
        const size_t count = smaller(READ(slice->slice_count), room);
        if (READ(slice->xblock_size) > 1) {
            add_page(slice, count * MI_SEGMENT_SLICE_SIZE, usage);
        } else if (!is_huge) {
            usage->resident += resident_slices((const uint8_t *)segment, mask, i, i + count);
        }
        i += count != 0 ? count : 1;
    }
}

/* Segments that mimalloc keeps for later; they are in no list. */
UNSYNCHRONIZED static void add_cached(const mi_cache_slot_t *slot, struct mi_usage *usage) {
    const uint8_t *segment = READ(slot->p);
    if (segment == NULL) return;
    usage->reserved += MI_SEGMENT_SIZE;
    usage->committed += committed_slices(&slot->commit_mask) * MI_SEGMENT_SLICE_SIZE;
    usage->resident += resident_slices(segment, &slot->commit_mask, 0, MI_SLICES_PER_SEGMENT);
}

UNSYNCHRONIZED bool mi_get_usage(struct mi_usage *usage) {
    *usage = (struct mi_usage){0};
    pthread_mutex_lock(&list_lock);
    for (mi_segment_t *segment = first_segment; segment != NULL;
         segment = place_of(segment)->next) {
        add_segment(segment, usage);
    }
    for (size_t i = 0; i < MI_CACHE_MAX; i++) add_cached(&cache[i], usage);
    pthread_mutex_unlock(&list_lock);
    return true;
}

/* ---- Segments of threads that ended -------------------------------------------- */

/* Visits each segment once, at the end of a thread and when there is no memory, and frees those
 * without blocks.  Upstream's function begins anew after the last one, 1024 or 16,384 visits in
 * all: then each allocation that fails takes tens of milliseconds. */
void _mi_abandoned_collect(mi_heap_t *heap, bool force, mi_segments_tld_t *tld) {
    if (force) mi_abandoned_visited_revisit();
    const size_t most = force ? 16 << 10 : 1 << 10; /* the count may be wrong for a moment */
    for (size_t left = smaller(mi_atomic_load_relaxed(&abandoned_count), most); left != 0; left--) {
        mi_segment_t *segment = mi_abandoned_pop();
        if (segment == NULL) return;
        mi_segment_check_free(segment, 0, 0, tld);
        if (segment->used == 0) {
            mi_segment_reclaim(segment, heap, 0, NULL, tld);
        } else {
            mi_segment_delayed_decommit(segment, force, tld->stats);
            mi_abandoned_visited_push(segment);
        }
    }
}

/* ---- Purging ------------------------------------------------------------------- */

static bool is_mine(mi_segment_t *segment) {
    return mi_atomic_load_relaxed(&segment->thread_id) == _mi_thread_id();
}

/* mimalloc forgets some free slices when it commits their neighbours. */
static void decommit_free_slices(mi_segment_t *segment, mi_stats_t *stats) {
    const mi_slice_t *end = mi_segment_slices_end(segment);
    if (segment->kind == MI_SEGMENT_HUGE) return;
    for (mi_slice_t *slice = segment->slices; slice < end; slice += slice->slice_count) {
        if (mi_slice_is_used(slice)) continue;
        mi_segment_perhaps_decommit(segment, mi_slice_start(slice),
                                    slice->slice_count * MI_SEGMENT_SLICE_SIZE, stats);
    }
    mi_segment_delayed_decommit(segment, true, stats);
}

void mi_purge(void) {
    mi_heap_t *heap = mi_get_default_heap();
    if (!mi_heap_is_initialized(heap)) return;
    mi_collect(true);
    pthread_mutex_lock(&list_lock);
    for (mi_segment_t *segment = first_segment; segment != NULL;
         segment = place_of(segment)->next) {
        if (is_mine(segment)) decommit_free_slices(segment, &heap->tld->stats);
    }
    pthread_mutex_unlock(&list_lock);
}

/* mimalloc's map of segments does not reach higher; there it gets memory only for very large
 * alignments, or after more than 10 TiB. */
static bool is_high_segment(const mi_segment_t *segment) {
    pthread_mutex_lock(&list_lock);
    mi_segment_t *found = first_segment;
    while (found != NULL && found != segment) found = place_of(found)->next;
    pthread_mutex_unlock(&list_lock);
    return found != NULL;
}

static bool is_segment(const mi_segment_t *segment) {
    size_t bit;
    if ((uintptr_t)segment >= MI_MAX_ADDRESS) return is_high_segment(segment);
    const size_t word = mi_segment_map_index_of(segment, &bit);
    return (mi_atomic_load_relaxed(&mi_segment_map[word]) >> bit & 1) != 0;
}

/* A segment of one huge block may end before the next place for a segment: what follows it there is
 * not mimalloc's. */
bool mi_owns(const void *ptr) {
    const mi_segment_t *segment = _mi_ptr_segment(ptr);
    return is_segment(segment) &&
           (uintptr_t)ptr - (uintptr_t)segment < segment->segment_slices * MI_SEGMENT_SLICE_SIZE;
}

/* Segments that exist keep their own flag, and heed the delay. */
void mi_keep_pages(void) {
    mi_option_set(mi_option_allow_decommit, 0);
    mi_option_set(mi_option_decommit_delay, INT32_MAX);
    mi_option_set(mi_option_decommit_extend_delay, INT32_MAX);
}

/* ---- Fork ---------------------------------------------------------------------- */

/* The id of no thread.  A new thread of the child may get the id of a thread of the parent that the
 * child does not have.  It must not take that thread's segments for its own, because they may be
 * half changed. */
enum { NO_THREAD = 1 };

static void before_fork(void) { pthread_mutex_lock(&list_lock); }

static void after_fork(void) { pthread_mutex_unlock(&list_lock); }

/* Another thread may have been about to hand a block to this heap; this heap would wait for it
 * for ever. */
static void end_delayed_frees(mi_heap_t *heap) {
    for (size_t bin = 0; bin <= MI_BIN_FULL; bin++) {
        for (mi_page_t *page = heap->pages[bin].first; page != NULL; page = page->next) {
            const mi_thread_free_t freed = mi_atomic_load_relaxed(&page->xthread_free);
            if (mi_tf_delayed(freed) != MI_DELAYED_FREEING) continue;
            mi_atomic_store_release(&page->xthread_free,
                                    mi_tf_set_delayed(freed, MI_USE_DELAYED_FREE));
        }
    }
}

static void after_fork_in_child(void) {
    mi_heap_t *heap = mi_get_default_heap();
    mi_atomic_store_release(&abandoned_readers, 0);
    for (mi_segment_t *segment = first_segment; segment != NULL;
         segment = place_of(segment)->next) {
        if (is_mine(segment) || mi_segment_is_abandoned(segment)) continue;
        mi_atomic_store_release(&segment->thread_id, NO_THREAD);
    }
    if (mi_heap_is_initialized(heap)) {
        for (heap = heap->tld->heaps; heap != NULL; heap = heap->next) end_delayed_frees(heap);
    }
    pthread_mutex_unlock(&list_lock);
}

__attribute__((constructor(101))) static void register_fork_handlers(void) {
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}
