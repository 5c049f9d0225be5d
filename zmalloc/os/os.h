/* What zmalloc asks of an operating system: one file per system implements
 * it (linux.c, ...), chosen in BUILD.bazel.
 *
 * Rules for all: no function calls zmalloc or malloc; sizes are in bytes; a
 * figure that cannot be had is 0; errno may change; any thread may call.
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

/* The same without a right to read or write, low in the address space where that is
 * free. */
void *zm_os_reserve(size_t size);

/* Whether whole pages may now be read and written, or neither; false when the system
 * refuses that (it has no room for one mapping more). */
bool zm_os_protect(void *pages, size_t size, bool accessible);

/* Drops the contents of the whole pages inside [ptr, ptr + size); the range
 * stays mapped and reads as zeros, or as before where the system cannot, or has
 * not yet (macOS and FreeBSD wait until they need the memory). */
void zm_os_discard(void *ptr, size_t size);

/* The same of whole pages: what zm_os_discard asks of each system. */
void zm_os_discard_pages(void *begin, size_t size);

/* Size of a page. */
size_t zm_os_page_size(void);

/* Resident memory of this process. */
size_t zm_os_rss(void);

/* The most that was resident of this process. */
size_t zm_os_peak_rss(void);

/* Physical memory of the machine. */
size_t zm_os_memory_size(void);

/* The tightest memory limit that the cgroups (or the like) of this process
 * set; 0 when there is none. */
size_t zm_os_memory_limit(void);

/* Sum of the smaps field `field` ("Rss:") over all mappings of process `pid`
 * (-1: this one).  Systems without smaps answer for those fields that mapping.h
 * has. */
size_t zm_os_smaps_bytes(const char *field, long pid);

/* The environment's variable `name`, or NULL; NULL always in a program that has more
 * rights than its user (setuid). */
const char *zm_os_trusted_getenv(const char *name);

/* Before zm_os_stack(), once, while there is one thread.  May use the libc's malloc. */
void zm_os_prepare_stacks(void);

/* The addresses of the calls that led here, innermost first: how many of `max` there
 * are; 0 where they cannot be told, and while another thread forks.  Any thread, signal
 * handlers, and children of fork may call. */
unsigned zm_os_stack(void **frames, unsigned max);

/* What the addresses inside a program or library, loaded there, are relative to in its
 * file. */
uintptr_t zm_os_link_base(const void *loaded);

/* Nanoseconds since some moment; and how long this process, and this thread, has had a
 * CPU: of other threads' time the last ticks may be missing.  0 when the system does not
 * tell. */
uint64_t zm_os_time(void);
uint64_t zm_os_cpu_time(void);
uint64_t zm_os_thread_cpu_time(void);

/* Field `i`, counted from 1, of /proc/self/stat.  1 and *res, or 0. */
int zm_os_proc_stat_ll(int i, long long *res);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OS_OS_H_ */
