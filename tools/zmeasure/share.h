/* What the library that marks calls of malloc tells zmeasure: a file that both map. */
#ifndef TOOLS_ZMEASURE_SHARE_H_
#define TOOLS_ZMEASURE_SHARE_H_

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* The environment variable that names the file. */
#define SHARE_VARIABLE "ZMEASURE_SHARE"

/* A thread that is marked; on a cache line of its own. */
struct share_slot {
    _Alignas(64) _Atomic pid_t thread; /* its number; 0 for none */
    _Atomic int inside;                /* one of the allocation functions */
    /* Where the stack of its program begins.  By it a mark that is left of the program that the
     * process was before its execve() is known. */
    _Atomic uintptr_t stack_begin;
};

/* Two threads whose numbers are so far apart share a slot: numbers are given out in order, so they
 * seldom live at the same time. */
enum { SHARE_SLOTS = 65536 };

struct share {
    struct share_slot slots[SHARE_SLOTS];
};

static inline struct share_slot *share_slot(struct share *share, pid_t thread) {
    return &share->slots[(unsigned)thread % SHARE_SLOTS];
}

#endif /* TOOLS_ZMEASURE_SHARE_H_ */
