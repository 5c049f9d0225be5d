/* The functions that Linux and FreeBSD share: files are ELF, and there is pipe2(). */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zmalloc/os/os.h"

/* Position-independent files, and so all libraries, have addresses that begin with 0.  Other
 * programs are loaded at the addresses in their file. */
uintptr_t zm_os_load_bias(const void *loaded) {
    const ElfW(Ehdr) *header = loaded;
    return header->e_type == ET_EXEC ? 0 : (uintptr_t)loaded;
}

/* The kernel reads the set before it refuses `how`. */
bool zm_os_is_readable(uintptr_t address) {
    enum { NO_HOW = -1 };
    const uintptr_t set = address / sizeof(uint64_t) * sizeof(uint64_t);
    const int saved = errno;
#ifdef __linux__
    (void)syscall(SYS_rt_sigprocmask, NO_HOW, set, NULL, sizeof(uint64_t));
#else
    (void)syscall(SYS_sigprocmask, NO_HOW, set, NULL);
#endif
    const bool is_so = errno == EINVAL;
    errno = saved;
    return is_so;
}

bool zm_os_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC) == 0; }
