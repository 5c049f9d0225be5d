/* For systems without pipe2(). */
#include <fcntl.h>
#include <unistd.h>

#include "zmalloc/os/os.h"

bool zm_os_pipe(int fds[2]) {
    if (pipe(fds) != 0) return false;
    if (fcntl(fds[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(fds[1], F_SETFD, FD_CLOEXEC) == 0)
        return true;
    close(fds[0]);
    close(fds[1]);
    return false;
}
