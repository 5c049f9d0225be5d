/* Jemalloc can give memory back by a thread of its own, also while the program makes no calls.  A
 * replay over jemalloc has that thread if the recorded program had it. */
#ifndef TOOLS_ZREPLAY_BACKGROUND_H_
#define TOOLS_ZREPLAY_BACKGROUND_H_

#include <stdbool.h>

#include "tools/zreplay/ops.h"

/* Turns the thread on at the time at which the program's began; MALLOC_CONF, if it names
 * background_thread, decides instead.  Call it when the trace's clock has begun.  *runs becomes
 * true once the thread runs. */
void background_begin(const struct ops *ops, bool *runs);

#endif /* TOOLS_ZREPLAY_BACKGROUND_H_ */
