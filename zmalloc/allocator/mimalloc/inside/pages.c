/* mimalloc's page.c, and the order and use of pages, for defragmentation. */
#include <errno.h>
#include <pthread.h>

#include "mimalloc.h"
/* This order. */
#include "mimalloc-internal.h"

/* Where a free may give memory back to the OS.  free() leaves errno as it is. */
static void free_page_saving_errno(mi_page_t *page, bool force, mi_segments_tld_t *tld) {
    const int saved = errno;
    _mi_segment_page_free(page, force, tld);
    errno = saved;
}

#define _mi_segment_page_free free_page_saving_errno
#include "page.c"
#undef _mi_segment_page_free
#include "zmalloc/allocator/mimalloc/inside/extension.h"

/* The pages of one size class in one heap that are neither full nor empty. */
struct plan {
    const mi_heap_t *heap;
    size_t pages, used; /* used: blocks in them */
    /* To make a plan takes time in proportion to `cost`.  So the plan is used for `cost` questions,
     * but not after the heap has taken new blocks `cost` times. */
    size_t cost, questions;
    unsigned long long made_at; /* heap->tld->heartbeat */
};

static struct plan plans[MI_BIN_HUGE];
static pthread_mutex_t plans_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_partly_used(const mi_page_t *page) {
    return page->used != 0 && page->used < page->reserved;
}

/* New blocks come from the page with the highest rank. */
static size_t rank(const mi_page_t *page) { return is_partly_used(page) ? page->used : 0; }

/* Merges two lists of pages, by falling rank. */
static mi_page_t *merged(mi_page_t *one, mi_page_t *other) {
    mi_page_t *first = NULL, **end = &first;
    while (one != NULL && other != NULL) {
        mi_page_t **from = rank(one) >= rank(other) ? &one : &other;
        *end = *from;
        *from = (*from)->next;
        end = &(*end)->next;
    }
    *end = one != NULL ? one : other;
    return first;
}

static mi_page_t *sorted(mi_page_t *first, size_t count) {
    if (count < 2) return first;
    mi_page_t *last = first;
    for (size_t i = 1; i < count / 2; i++) last = last->next;
    mi_page_t *rest = last->next;
    last->next = NULL;
    return merged(sorted(first, count / 2), sorted(rest, count - count / 2));
}

static void sort(mi_heap_t *heap, mi_page_queue_t *queue, size_t count) {
    mi_page_t *prev = NULL;
    queue->first = sorted(queue->first, count);
    for (mi_page_t *page = queue->first; page != NULL; page = page->next) {
        page->prev = prev;
        prev = page;
    }
    queue->last = prev;
    mi_heap_queue_first_update(heap, queue);
}

static void make_plan(struct plan *plan, mi_heap_t *heap, mi_page_queue_t *queue) {
    size_t count = 0;
    *plan = (struct plan){.heap = heap, .made_at = heap->tld->heartbeat};
    for (mi_page_t *page = queue->first; page != NULL; page = page->next) {
        _mi_page_free_collect(page, false);
        count++;
        if (!is_partly_used(page)) continue;
        plan->pages++;
        plan->used += page->used;
    }
    plan->cost = plan->questions = count + 64;
    sort(heap, queue, count);
}

static bool holds(struct plan *plan, const mi_heap_t *heap) {
    return plan->heap == heap && plan->questions-- != 0 &&
           heap->tld->heartbeat - plan->made_at <= plan->cost;
}

bool mi_can_defrag(void) { return true; }

bool mi_should_defrag(const void *ptr) {
    const mi_segment_t *segment = _mi_ptr_segment(ptr);
    if (mi_atomic_load_relaxed(&((mi_segment_t *)segment)->thread_id) != _mi_thread_id()) {
        return false;
    }
    const mi_page_t *page = _mi_segment_page_of(segment, ptr);
    if (page->xblock_size > MI_SMALL_OBJ_SIZE_MAX || !is_partly_used(page) ||
        mi_page_is_in_full(page) || mi_page_has_aligned(page)) {
        return false;
    }
    mi_heap_t *heap = mi_page_heap(page);
    const size_t bin = mi_bin(page->xblock_size);
    struct plan *plan = &plans[bin];
    pthread_mutex_lock(&plans_lock);
    if (!holds(plan, heap)) make_plan(plan, heap, &heap->pages[bin]);
    const bool sparse =
        page != heap->pages[bin].first && page->used * plan->pages <= plan->used + plan->used / 8;
    pthread_mutex_unlock(&plans_lock);
    return sparse;
}

__attribute__((no_sanitize("thread"))) bool mi_page_use(const void *ptr, size_t *blocks,
                                                        size_t *free_bytes) {
    const mi_page_t *page = _mi_segment_page_of(_mi_ptr_segment(ptr), ptr);
    const size_t used = page->used, reserved = page->reserved;
    if (reserved < 2 || used == 0 || used > reserved) return false;
    *blocks = used;
    *free_bytes = (reserved - used) * page->xblock_size;
    return true;
}

/* Another thread may have held the lock. */
static void forget_plans(void) {
    pthread_mutex_init(&plans_lock, NULL);
    memset(plans, 0, sizeof plans);
}

__attribute__((constructor(101))) static void register_fork_handler(void) {
    pthread_atfork(NULL, NULL, forget_plans);
}
