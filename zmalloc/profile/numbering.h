/* Gives each address a number, from 1 on, in the order in which they are first seen. */
#ifndef ZMALLOC_PROFILE_NUMBERING_H_
#define ZMALLOC_PROFILE_NUMBERING_H_

#include <stddef.h>
#include <stdint.h>

/* At first all 0. */
struct zm_numbering {
    uintptr_t *addresses; /* number i is addresses[i - 1] */
    uint32_t *table;      /* numbers, by hash; 0: free.  Twice as many places as `capacity`. */
    size_t count, capacity;
};

/* The number of an address; 0 when there is no memory. */
uint32_t zm_numbering_of(struct zm_numbering *numbering, uintptr_t address);

void zm_numbering_free(struct zm_numbering *numbering);

#endif /* ZMALLOC_PROFILE_NUMBERING_H_ */
