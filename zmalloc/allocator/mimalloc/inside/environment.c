/* mimalloc's file that reads the environment, changed so that a program with more rights than its
 * user (setuid) does not read it. */
#include <stdbool.h>
#include <stdlib.h>
#ifdef HAVE_ISSETUGID
#include <unistd.h>

static char *own_getenv(const char *name) { return issetugid() != 0 ? NULL : getenv(name); }
#else
static char *own_getenv(const char *name) { return secure_getenv(name); }
#endif

#define getenv own_getenv
#include ZM_MIMALLOC_READER
