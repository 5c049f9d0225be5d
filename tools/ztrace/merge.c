/* A heap of chunks, the one with the lowest number on top.  Threads write long
 * runs, so that most steps leave the top where it is. */
#include "tools/ztrace/merge.h"

#include "tools/trace/memory.h"

static uint64_t sequence_of(const struct raw_record *record) {
    return atomic_load_explicit(&record->sequence, memory_order_relaxed) >> RAW_THREAD_BITS;
}

static void sift_down(struct merge *merge, size_t i) {
    struct cursor cursor = merge->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= merge->count) break;
        if (child + 1 < merge->count &&
            merge->heap[child + 1].sequence < merge->heap[child].sequence) {
            child++;
        }
        if (merge->heap[child].sequence >= cursor.sequence) break;
        merge->heap[i] = merge->heap[child];
        i = child;
    }
    merge->heap[i] = cursor;
}

int merge_init(struct merge *merge, const void *chunks, size_t size) {
    size_t most = size / RAW_CHUNK_SIZE + 1;
    *merge = (struct merge){.heap = zt_memory_alloc(most * sizeof(*merge->heap))};
    if (!merge->heap) return -1;
    for (size_t offset = 0; offset < size; offset += RAW_CHUNK_SIZE) {
        size_t left = size - offset < RAW_CHUNK_SIZE ? size - offset : RAW_CHUNK_SIZE;
        const void *chunk = (const char *)chunks + offset;
        struct cursor cursor = {.at = chunk};
        cursor.end = cursor.at + left / sizeof(*cursor.at);
        if (cursor.at == cursor.end) continue;
        cursor.sequence = sequence_of(cursor.at);
        if (cursor.sequence) merge->heap[merge->count++] = cursor;
    }
    for (size_t i = merge->count; i-- > 0;) sift_down(merge, i);
    return 0;
}

const struct raw_record *merge_next(struct merge *merge) {
    if (!merge->count) return NULL;
    struct cursor *top = &merge->heap[0];
    const struct raw_record *record = top->at++;
    uint64_t sequence = top->at == top->end ? 0 : sequence_of(top->at);
    if (sequence > top->sequence) {
        top->sequence = sequence;
    } else {
        if (sequence) merge->damaged++;
        *top = merge->heap[--merge->count];
    }
    if (merge->count) sift_down(merge, 0);
    return record;
}

void merge_free(struct merge *merge) { zt_memory_free(merge->heap); }
