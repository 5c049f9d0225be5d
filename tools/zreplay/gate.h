/* A gate that a thread waits at until another opens it: without the condition variables of
 * pthreads, which sleep by the clock of the trace here. */
#ifndef TOOLS_ZREPLAY_GATE_H_
#define TOOLS_ZREPLAY_GATE_H_

#include <stdatomic.h>
#include <stdint.h>

struct gate {
    _Atomic uint32_t open; /* 0 or 1 */
};

void gate_open(struct gate *gate);

/* Returns once it is open. */
void gate_wait(struct gate *gate);

#endif /* TOOLS_ZREPLAY_GATE_H_ */
