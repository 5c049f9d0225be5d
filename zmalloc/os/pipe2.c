/* For systems with pipe2(). */
#include <fcntl.h>
#include <unistd.h>

#include "zmalloc/os/os.h"

bool zm_os_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC) == 0; }
