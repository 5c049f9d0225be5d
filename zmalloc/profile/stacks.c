#include "zmalloc/profile/stacks.h"

#include <stdint.h>
#include <string.h>

#include "zmalloc/os/os.h"

enum {
    LG_SETS = 12,
    PER_SET = 4,
    WORD = sizeof(uintptr_t),
    LARGEST_FRAME = 64 << 10, /* larger ones are rare */
};

/* From the place of a return address to that of the next one; 0: there is none. */
struct distance {
    const void *address;
    uint32_t bytes;
    uint16_t next; /* the number of the one that came next in the last stack with this one */
};

/* The distances have numbers, in the order in which they were learnt.  So the distances of one
 * stack lie side by side, and to follow it takes few cache lines.  Number 0 is no distance. */
static struct distance distances[1 + (1 << LG_SETS) * PER_SET];
static uint16_t learnt;

/* The numbers, each in the set that its address says, the newest one first. */
static uint16_t sets[1 << LG_SETS][PER_SET];

static uint16_t *set_of(const void *address) {
    const uint64_t mixed = (uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15);
    return sets[mixed >> (64 - LG_SETS)];
}

/* 0: not known. */
static uint16_t number_of(const void *address) {
    const uint16_t *set = set_of(address);
    for (int i = 0; i < PER_SET; i++) {
        if (distances[set[i]].address == address) return set[i];
    }
    return 0;
}

static uint16_t number_after(struct distance *last, const void *address) {
    if (distances[last->next].address != address) last->next = number_of(address);
    return last->next;
}

unsigned zm_known_stack(const void *frame, const void **addresses, unsigned max) {
    uintptr_t place = zm_os_return_place(frame);
    uint16_t number = number_of(zm_os_return_at(place));
    for (unsigned depth = 0; depth < max;) {
        struct distance *known = &distances[number];
        if (number == 0) return 0;
        addresses[depth++] = known->address;
        if (known->bytes == 0) return depth;
        if (!zm_os_stack_goes_on(place, place + known->bytes)) return 0;
        place += known->bytes;
        number = number_after(known, zm_os_return_at(place));
    }
    return max;
}

/* Finds the place of a return address on the stack, below `above`.  On most machines it is the next
 * word; it may be anywhere in the frame.  0: it is not there. */
static uintptr_t find(const void *address, uintptr_t above, uintptr_t below) {
    if (above <= below || above - below > LARGEST_FRAME) return 0;
    for (uintptr_t place = above - WORD; place > below; place -= WORD) {
        if (zm_os_return_at(place) == address) return place;
    }
    return 0;
}

/* A new one takes the place of the oldest of its set. */
static uint16_t new_number_of(const void *address) {
    uint16_t *set = set_of(address);
    const uint16_t number = set[PER_SET - 1] != 0 ? set[PER_SET - 1] : ++learnt;
    memmove(set + 1, set, (PER_SET - 1) * sizeof *set);
    set[0] = number;
    distances[number] = (struct distance){.address = address};
    return number;
}

static void learn(const void *address, uintptr_t bytes) {
    const uint16_t known = number_of(address);
    distances[known != 0 ? known : new_number_of(address)].bytes = (uint32_t)bytes;
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

size_t zm_known_stacks_size(void) {
    return learnt != 0 ? sizeof sets + learnt * sizeof *distances : 0;
}
