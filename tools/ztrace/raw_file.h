/* The files of recordings, from within the recorded program.  They are opened by their names, each
 * time: the program could see, close or reuse a descriptor that stays open.  Nothing allocates. */
#ifndef TOOLS_ZTRACE_RAW_FILE_H_
#define TOOLS_ZTRACE_RAW_FILE_H_

#include <stdbool.h>
#include <stdint.h>

#include "tools/ztrace/raw.h"

/* Maps the header of the first process's recording, which is this process's too until the next
 * function is called.  NULL with errno. */
struct raw_header *raw_file_of_first(const char *name);

/* Maps the header of the recording of the child that this process is; makes it unless it is there.
 * NULL with errno. */
struct raw_header *raw_file_of_child(uint32_t number, bool is_there);

/* Makes this process's recording hold a chunk more, and maps it: writing to it cannot fail.  0 or
 * an errno. */
int raw_file_chunk(struct raw_header *header, struct raw_record **records);

#endif /* TOOLS_ZTRACE_RAW_FILE_H_ */
