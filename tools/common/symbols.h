/* Functions and lines of addresses, from the files that the profile names. */
#ifndef TOOLS_COMMON_SYMBOLS_H_
#define TOOLS_COMMON_SYMBOLS_H_

#include <stdbool.h>

#include "tools/common/notes.h"
#include "tools/common/profile.h"

/* Gives each location its frames, by llvm-symbolizer or addr2line.  A file is looked for below the
 * folder `root` ("": the machine's own files); one with another build id is not used.  Notes say
 * what was not found.  False when there is no memory. */
bool symbols_find(struct profile *profile, const char *root, struct notes *notes);

#endif /* TOOLS_COMMON_SYMBOLS_H_ */
