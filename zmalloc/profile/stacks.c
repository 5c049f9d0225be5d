#include "zmalloc/profile/stacks.h"

#include <stdint.h>
#include <string.h>

#include "zmalloc/os/os.h"

enum {
    LG_SETS = 12,
    PER_SET = 4, /* of a cache line */
    WORD = sizeof(uintptr_t),
    LARGEST_FRAME = 64 << 10, /* larger ones are rare */
};

/* From the place of a return address to that of the next one; 0: there is none. */
struct distance {
    const void *address;
    uint32_t bytes;
};

/* Each in the set that its address says, the newest one first. */
static struct distance distances[1 << LG_SETS][PER_SET];
static size_t learnt;

static struct distance *set_of(const void *address) {
    const uint64_t mixed = (uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15);
    return distances[mixed >> (64 - LG_SETS)];
}

/* NULL: not known. */
static struct distance *distance_from(const void *address) {
    struct distance *set = set_of(address);
    for (int i = 0; i < PER_SET && address != NULL; i++) {
        if (set[i].address == address) return &set[i];
    }
    return NULL;
}

unsigned zm_known_stack(const void *frame, const void **addresses, unsigned max) {
    uintptr_t place = zm_os_return_place(frame);
    for (unsigned depth = 0; depth < max;) {
        const void *address = zm_os_return_at(place);
        const struct distance *known = distance_from(address);
        addresses[depth++] = address;
        if (known == NULL) return 0;
        if (known->bytes == 0) return depth;
        if (!zm_os_stack_goes_on(place, place + known->bytes)) return 0;
        place += known->bytes;
    }
    return max;
}

/* Where the stack holds a return address, below `above`.  On most machines that is the next word;
 * it may be anywhere in the frame.  0: it does not. */
static uintptr_t find(const void *address, uintptr_t above, uintptr_t below) {
    if (above <= below || above - below > LARGEST_FRAME) return 0;
    for (uintptr_t place = above - WORD; place > below; place -= WORD) {
        if (zm_os_return_at(place) == address) return place;
    }
    return 0;
}

/* A new one takes the place of the oldest of its set. */
static struct distance *new_distance_from(const void *address) {
    struct distance *set = set_of(address);
    if (set[PER_SET - 1].address == NULL) learnt++;
    memmove(set + 1, set, (PER_SET - 1) * sizeof *set);
    set[0].address = address;
    return &set[0];
}

static void learn(const void *address, uintptr_t bytes) {
    struct distance *distance = distance_from(address);
    if (distance == NULL) distance = new_distance_from(address);
    distance->bytes = (uint32_t)bytes;
}

void zm_learn_stack(const void *frame, const struct zm_unwound_stack *stack) {
    uintptr_t place = zm_os_return_place(frame);
    if (stack->depth == 0 || zm_os_return_at(place) != stack->addresses[0]) return;
    for (unsigned i = 1; i < stack->depth; i++) {
        const uintptr_t next = find(stack->addresses[i], stack->above[i], place);
        if (next == 0) return; /* a signal's frame, say */
        learn(stack->addresses[i - 1], next - place);
        place = next;
    }
    if (stack->is_whole) learn(stack->addresses[stack->depth - 1], 0);
}

/* They lie far apart, so each one takes a page, as long as there are few. */
size_t zm_known_stacks_size(void) {
    const size_t pages = learnt * zm_os_page_size();
    return pages < sizeof distances ? pages : sizeof distances;
}
