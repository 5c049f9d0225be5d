/* What a trace says that it lacks. */
#ifndef TOOLS_ZREPLAY_GAPS_H_
#define TOOLS_ZREPLAY_GAPS_H_

#include <stdint.h>

#include "tools/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GAPS_SIZE = 2048 };

/* A line for each gap that the notes read so far tell, in words that follow "FILE: "; "" when there
 * is none. */
void gaps_read(struct zt_reader *reader, char text[GAPS_SIZE]);

/* Counts, by the same notes, the events that were lost, and the blocks whose allocation or whose
 * free was not seen. */
void gaps_count(struct zt_reader *reader, uint64_t *lost, uint64_t *unseen);

/* Prints the lines as a JSON array. */
void gaps_json(const char *text);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_GAPS_H_ */
