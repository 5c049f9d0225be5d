/* Has a process that runs already load the recorder's library. */
#ifndef TOOLS_ZTRACE_ATTACH_H_
#define TOOLS_ZTRACE_ATTACH_H_

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/common/cli.h"

struct running {
    pid_t pid;
    char program[CLI_PATH_SIZE]; /* that it runs */
    uint64_t image;              /* changes when it runs another (proc.h) */
    uint64_t age_ns;             /* it has run so long */
};

/* Looks at the process.  False, after a line that says why, when it cannot be recorded. */
bool attach_check(pid_t pid, struct running *running);

/* Has the process load the library and call it with the name of the recording, which is paused.
 * False after a line that says why; `interrupted` tells when to give up, until the process loads
 * the library. */
bool attach(const struct running *running, const char *library, const char *raw,
            int (*interrupted)(void));

#endif /* TOOLS_ZTRACE_ATTACH_H_ */
