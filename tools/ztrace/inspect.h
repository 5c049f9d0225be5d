/* Looks at a program before it is started. */
#ifndef TOOLS_ZTRACE_INSPECT_H_
#define TOOLS_ZTRACE_INSPECT_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum inspect_kind {
    INSPECT_NOTHING,
    INSPECT_STATIC,     /* statically linked */
    INSPECT_OTHER_LIBC, /* than the tool */
    INSPECT_OTHER_CPU,
    INSPECT_OWN_MALLOC, /* the program defines malloc itself */
    INSPECT_OTHER_NEW,  /* it has an allocator of a library, and calls that one's C++ new or mallocx
                         */
    INSPECT_RIGHTS,     /* it gains rights when it starts, so that nothing is preloaded */
    INSPECT_ASAN,       /* AddressSanitizer is in LD_PRELOAD */
};

struct obstacle {
    enum inspect_kind kind;
    const char *text; /* in words that follow the program's name; NULL: none was found */
    bool fatal;       /* the program would not run with ztrace's library */
};

/* INSPECT_OTHER_NEW is no obstacle for ztrace, and has no text.
 *
 * Tells why ztrace will record less of a program, or of a script's interpreter, than it
 * allocates.  Like execvp(), looks in PATH for a name without a slash; relative names start in
 * the user's folder.  Finds no obstacle in a file that cannot be read. */
struct obstacle inspect_program(const char *name);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZTRACE_INSPECT_H_ */
