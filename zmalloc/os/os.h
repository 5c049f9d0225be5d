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

/* Gives back what zm_os_map() mapped. */
void zm_os_unmap(void *pages, size_t size);

/* The same as zm_os_map(), but the bytes can be neither read nor written, and they lie low in the
 * address space if there is room. */
void *zm_os_reserve(size_t size);

/* How much address space this process may have; SIZE_MAX: there is no limit. */
size_t zm_os_address_space(void);

/* Makes whole pages accessible for reading and writing, or for neither.  Returns false when
 * the system refuses (it has no room for one more mapping). */
bool zm_os_protect(void *pages, size_t size, bool accessible);

/* Whether the memory at an address can be read; false where the system does not tell.
 * Async-signal-safe. */
bool zm_os_is_readable(uintptr_t address);

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

/* A mapping of this process. */
struct zm_os_mapping {
    const char *name; /* of its file, or as the system calls it ("[stack]"), of a long one the end;
                         "": it has none */
    size_t resident;
    size_t huge; /* in transparent huge pages */
};

/* Calls `visit` for each mapping, in the order of addresses.  The name is valid during the
 * call.  Takes time in proportion to the process's memory.  Returns false if the system does not
 * tell. */
bool zm_os_mappings(void (*visit)(const struct zm_os_mapping *mapping, void *context),
                    void *context);

/* The environment variable `name`, or NULL.  Always NULL in a program that has more rights
 * than its user (setuid). */
const char *zm_os_secure_getenv(const char *name);

/* Call it before zm_os_backtrace(), best while there is one thread; again after there was no
 * memory.  It may call the libc's malloc. */
void zm_os_prepare_stacks(void);

/* Writes the addresses of the call stack to frames[0..max), innermost first.  Unless `above` is
 * NULL, sets above[i] to where the stack was when the call returned to frames[i]; 0: not known.
 * Returns their number; 0 where the system cannot tell them, and while another thread forks.  Any
 * thread, signal handlers, and children of fork may call it. */
unsigned zm_os_backtrace(void **frames, uintptr_t *above, unsigned max);

/* The same by frame pointers, from the caller of that function on whose __builtin_frame_address(0)
 * is `first`; they are whole if they lead to the thread's first function.  Where a function has no
 * frame pointer, callers are left out, or addresses are wrong; the first one is right.  It is safe
 * where zm_os_backtrace() is. */
unsigned zm_os_frames(const void *first, const void **addresses, unsigned max, bool *is_whole);

/* Where the stack holds the return address of the function on whose __builtin_frame_address(0) is
 * `frame`. */
uintptr_t zm_os_return_place(const void *frame);

/* The return address that a place of the stack holds. */
const void *zm_os_return_at(uintptr_t place);

/* Whether the word at a place of the stack can be read, where the one at `known` can. */
bool zm_os_stack_goes_on(uintptr_t known, uintptr_t place);

/* The load bias of the program or library that is loaded at `loaded`: an address in memory
 * less the address in its file. */
uintptr_t zm_os_load_bias(const void *loaded);

/* Code of the program or of a library, as it is mapped. */
struct zm_os_module {
    uintptr_t start, end; /* addresses of the code: [start, end) */
    uint64_t offset;      /* where it begins in its file */
    uintptr_t bias;       /* an address in memory less the address in the file */
    const char *path;     /* of the file; "": not known */
    const unsigned char *build_id;
    size_t build_id_size; /* 0: it has none */
};

/* Calls `visit` for each module, the program first, until it returns false.  What the module points
 * at is valid during the call.  The dynamic loader's lock is held meanwhile, so `visit` must be
 * brief.  Visits none where the system does not tell. */
void zm_os_modules(bool (*visit)(const struct zm_os_module *module, void *context), void *context);

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
