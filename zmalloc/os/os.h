/* zmalloc's interface to the operating system.  One file per system implements
 * it (linux.c, ...); BUILD.bazel chooses the file.
 *
 * Rules for all functions: none calls zmalloc or malloc, unless its comment says so; sizes
 * are in bytes; a value that the system does not tell is 0; errno may change; any thread
 * may call.
 */
#ifndef ZMALLOC_OS_OS_H_
#define ZMALLOC_OS_OS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Maps `size` bytes, a multiple of the page size, zeroed; NULL on failure. */
void *zm_os_map(size_t size);

/* The same, but the bytes can be neither read nor written, and they lie low in the address
 * space if there is room. */
void *zm_os_reserve(size_t size);

/* Makes whole pages accessible for reading and writing, or for neither.  Returns false when
 * the system refuses (it has no room for one more mapping). */
bool zm_os_protect(void *pages, size_t size, bool accessible);

/* Drops the contents of the whole pages inside [ptr, ptr + size).  The range stays
 * mapped and reads as zeros.  It reads as before if the system cannot drop pages, or
 * has not done so yet (macOS and FreeBSD wait until they need the memory). */
void zm_os_discard(void *ptr, size_t size);

/* The same for whole pages.  zm_os_discard calls it; each system implements it. */
void zm_os_discard_pages(void *begin, size_t size);

/* Size of a page. */
size_t zm_os_page_size(void);

/* Resident memory of this process. */
size_t zm_os_rss(void);

/* The largest resident memory that this process ever had. */
size_t zm_os_peak_rss(void);

/* Physical memory of the machine. */
size_t zm_os_memory_size(void);

/* The lowest memory limit that the cgroups (or the like) of this process set; 0 when there is
 * none.  *known is false when there may be one that cannot be read now: the process has no file
 * descriptor left, may not open the files, or no longer sees files that it has seen (chroot). */
size_t zm_os_memory_limit(bool *known);

/* The smaller of both: what this process may use.  A limit that is not known does not count. */
size_t zm_os_usable_memory(void);

/* The same, but 0 when the limit is not known. */
size_t zm_os_known_memory(void);

/* The sum of the smaps field `field` ("Rss:") over all mappings of process `pid`
 * (-1: this process).  Systems without smaps know only the fields in mapping.h. */
size_t zm_os_smaps_bytes(const char *field, long pid);

/* The environment variable `name`, or NULL.  Always NULL in a program that has more rights
 * than its user (setuid). */
const char *zm_os_secure_getenv(const char *name);

/* Call it once before zm_os_backtrace(), while there is one thread.  It may call the libc's
 * malloc. */
void zm_os_prepare_stacks(void);

/* Writes the addresses of the call stack to frames[0..max), innermost first.  Returns their
 * number; 0 where the system cannot tell them, and while another thread forks.  Any thread,
 * signal handlers, and children of fork may call it. */
unsigned zm_os_backtrace(void **frames, unsigned max);

/* The load bias of the program or library that is loaded at `loaded`: an address in memory
 * less the address in its file. */
uintptr_t zm_os_load_bias(const void *loaded);

/* In nanoseconds: the time since some fixed moment, the CPU time of this process, and the CPU
 * time of this thread.  The process's CPU time may lack the last ticks of other threads.  0
 * when the system does not tell. */
uint64_t zm_os_time(void);
uint64_t zm_os_cpu_time(void);
uint64_t zm_os_thread_cpu_time(void);

/* Opens a file of which poll() reports POLLPRI, at most every 2 seconds, when tasks of this
 * process's cgroup have waited for memory for a tenth of the last 2 seconds.  -1: the system has no
 * such file, or does not let us. */
int zm_os_pressure_open(void);

/* A pipe, which exec closes, also one at the same time where the system can.  Returns false, and
 * nothing is open, when that fails. */
bool zm_os_pipe(int fds[2]);

/* Names the calling thread, for those who look at the process; at most 15 characters. */
void zm_os_name_thread(const char *name);

/* Reads field `i`, counted from 1, of /proc/self/stat.  Returns 1 and sets *res, or 0. */
int zm_os_proc_stat_ll(int i, long long *res);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OS_OS_H_ */
