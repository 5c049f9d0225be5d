/* What the header of a raw recording tells: as notes in the trace, and as results of the
 * conversion. */
#ifndef TOOLS_ZTRACE_HEADER_NOTES_H_
#define TOOLS_ZTRACE_HEADER_NOTES_H_

#include "tools/trace/trace.h"
#include "tools/ztrace/convert.h"
#include "tools/ztrace/raw.h"

/* Before the events: which program it was, and when it started.  0 or -1. */
int header_notes_begin(struct zt_writer *writer, const struct raw_header *header);

/* After them: why the recording stopped, what it lacks, and what became of children.  Fills in the
 * results about these.  0 or -1. */
int header_notes_end(struct zt_writer *writer, const struct raw_header *header,
                     struct conversion *conversion);

#endif /* TOOLS_ZTRACE_HEADER_NOTES_H_ */
