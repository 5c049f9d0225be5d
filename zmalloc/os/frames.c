/* Reads the call stack: by frame pointers, and word by word. */
#include "zmalloc/os/os.h"

/* The record that a function with a frame pointer keeps on the stack. */
struct record {
    uintptr_t above; /* the frame of its caller */
    uintptr_t return_address;
};

enum {
    LARGEST_FRAME = 64 << 10, /* larger ones are rare, and a wrong address is seldom so near */
    FRAME_ALIGNMENT = 16,
};

/* On RISC-V a frame pointer holds the address of what lies above the record. */
static const struct record *record_of(uintptr_t frame) {
#if defined(__riscv)
    frame -= sizeof(struct record);
#endif
    return (const struct record *)frame;
}

/* A return address may be signed. */
static const void *plain_address(uintptr_t address) {
#if defined(__aarch64__)
    register uintptr_t x30 __asm__("x30") = address;
    __asm__("hint #7" : "+r"(x30)); /* xpaclri */
    address = x30;
#endif
    return (const void *)address;
}

/* Frames of functions that sanitizers watch. */
#if defined(__clang__)
#define UNWATCHED __attribute__((no_sanitize("address", "memory", "thread")))
#else
#define UNWATCHED __attribute__((no_sanitize("address", "thread")))
#endif

uintptr_t zm_os_return_place(const void *frame) {
    return (uintptr_t)&record_of((uintptr_t)frame)->return_address;
}

UNWATCHED const void *zm_os_return_at(uintptr_t place) {
    return plain_address(*(const uintptr_t *)place);
}

bool zm_os_stack_goes_on(uintptr_t known, uintptr_t place) {
    const uintptr_t page = zm_os_page_size();
    return known / page == place / page || zm_os_is_readable(place);
}

/* Whether the stack goes on from `frame` to `above`.  A register that is no frame pointer may hold
 * anything, also the address of memory that is no longer mapped. */
static bool goes_on(uintptr_t frame, uintptr_t above) {
    return above > frame && above - frame <= LARGEST_FRAME && above % FRAME_ALIGNMENT == 0 &&
           zm_os_stack_goes_on(frame, (uintptr_t)record_of(above));
}

UNWATCHED unsigned zm_os_frames(const void *first, const void **addresses, unsigned max,
                                bool *is_whole) {
    uintptr_t frame = (uintptr_t)first;
    *is_whole = false;
    for (unsigned count = 0; count < max;) {
        const struct record *record = record_of(frame);
        const uintptr_t above = record->above;
        if (record->return_address == 0) return count;
        addresses[count++] = plain_address(record->return_address);
        *is_whole = above == 0;
        if (!goes_on(frame, above)) return count;
        frame = above;
    }
    return max;
}
