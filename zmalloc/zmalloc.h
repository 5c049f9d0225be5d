/* zmalloc: one allocator API over jemalloc, tcmalloc and libc.
 *
 * A superset of the zmalloc.h of Redis and Valkey: the same names, signatures
 * and meaning, without their faults (see ARCHITECTURE.md).
 *
 * What holds for every function, unless its comment says otherwise:
 *  - Sizes are in bytes.
 *  - It may be called from any thread at any time: before main, in thread-exit
 *    destructors, and in the child after fork.
 *  - A size of 0 gives a valid block, to be freed like any other.
 *  - A request of SIZE_MAX/2 or more cannot be met.
 *  - ztry* return NULL when the request cannot be met.  The others call the
 *    out-of-memory handler, once, and return NULL if the handler returns.
 *  - A shared object that holds zmalloc must stay loaded (-Wl,-z,nodelete).
 *  - Blocks come from zmalloc and go back to zmalloc; never mix them with
 *    malloc/free of the libc.
 */
#ifndef ZMALLOC_ZMALLOC_H_
#define ZMALLOC_ZMALLOC_H_

#include <stdbool.h>
#include <stddef.h>

/* What the build chose: ZMALLOC_LIB, HAVE_MALLOC_SIZE, ... */
#include "zmalloc/build_info.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Shared libraries export what is declared here, and nothing else. */
#pragma GCC visibility push(default)

#if defined(__GNUC__) || defined(__clang__)
#define ZM_ATTR(...) __attribute__((__VA_ARGS__))
#else
#define ZM_ATTR(...)
#endif

/* ---- Allocate -------------------------------------------------------- */

/* Allocates `size` bytes, uninitialised, aligned for any object of that size
 * (so not always for max_align_t, as malloc: jemalloc is built as Redis does). */
ZM_ATTR(malloc, alloc_size(1), noinline) void *zmalloc(size_t size);
ZM_ATTR(malloc, alloc_size(1), noinline) void *ztrymalloc(size_t size);

/* The same, zeroed.  zcalloc_num allocates `num` times `size` bytes; a product
 * that overflows reports SIZE_MAX to the out-of-memory handler. */
ZM_ATTR(malloc, alloc_size(1), noinline) void *zcalloc(size_t size);
ZM_ATTR(malloc, alloc_size(1), noinline) void *ztrycalloc(size_t size);
ZM_ATTR(malloc, alloc_size(1, 2), noinline) void *zcalloc_num(size_t num, size_t size);
ZM_ATTR(malloc, alloc_size(1, 2), noinline) void *ztrycalloc_num(size_t num, size_t size);

/* Resizes `ptr`, keeping its contents up to the smaller size.  ptr == NULL
 * allocates; size == 0 with a block frees it and returns NULL, which is no
 * error (Redis's meaning).  On failure `ptr` stays as it was, and counted. */
ZM_ATTR(alloc_size(2), noinline) void *zrealloc(void *ptr, size_t size);
ZM_ATTR(alloc_size(2), noinline) void *ztryrealloc(void *ptr, size_t size);

/* A copy of the string `s`, its terminator included. */
ZM_ATTR(malloc) char *zstrdup(const char *s);

/* The forms that also tell the usable size of the block through `usable`, and
 * for realloc that of the block given through `old_usable` (0 for NULL).
 * Either may be NULL.  On failure *usable is 0; *old_usable is always set.
 * All usable bytes may be written. */
void *zmalloc_usable(size_t size, size_t *usable);
void *ztrymalloc_usable(size_t size, size_t *usable);
void *zcalloc_usable(size_t size, size_t *usable);
void *ztrycalloc_usable(size_t size, size_t *usable);
void *zrealloc_usable(void *ptr, size_t size, size_t *usable, size_t *old_usable);
void *ztryrealloc_usable(void *ptr, size_t size, size_t *usable, size_t *old_usable);

/* Allocates `size` bytes aligned to `alignment`, a power of two (anything else
 * cannot be met).  zfree frees it; zrealloc keeps only malloc's alignment. */
ZM_ATTR(malloc, alloc_size(2)) void *zmalloc_aligned(size_t alignment, size_t size);
ZM_ATTR(malloc, alloc_size(2)) void *ztrymalloc_aligned(size_t alignment, size_t size);

/* Aligned to, and padded to whole, cache lines, so that no other block shares
 * one with it (Valkey). */
ZM_ATTR(malloc, alloc_size(1)) void *zmalloc_cache_aligned(size_t size);

/* ---- Free ------------------------------------------------------------ */

/* Frees a block; NULL is ignored. */
void zfree(void *ptr);

/* zfree that tells the usable size the block had (0 for NULL). */
void zfree_usable(void *ptr, size_t *usable);

/* zfree for a caller that knows the size: the one requested (of an unaligned
 * block) or the usable one.  Any other is undefined behaviour (Valkey). */
void zfree_with_size(void *ptr, size_t size);

/* Frees a block that the libc's malloc returned, without counting it. */
void zlibc_free(void *ptr);

/* ---- Sizes of blocks ------------------------------------------------- */

/* What the block counts for in zmalloc_used_memory(): its usable size, plus
 * the prefix where there is one.  0 for NULL. */
size_t zmalloc_size(const void *ptr);

/* The bytes that may be used.  0 for NULL.  Call extend_to_usable() before
 * using those past the size requested. */
size_t zmalloc_usable_size(const void *ptr);

/* Returns `ptr`; tells the compiler that the block has `size` bytes. */
ZM_ATTR(alloc_size(2), noinline) void *extend_to_usable(void *ptr, size_t size);

/* ---- Particular ways to allocate -------------------------------------- */

/* Redis's way to pass jemalloc's MALLOCX_* flags.  Those below have the same
 * values and mean the same under every allocator; others (arenas, thread
 * caches) only under jemalloc, whose header defines them. */
#define ZMALLOC_FLAG_LG_ALIGN(lg) ((int)(lg)) /* aligned to 1 << lg bytes */
#define ZMALLOC_FLAG_ZERO 0x40                /* zeroed; in realloc, what is added */

void *zmalloc_with_flags(size_t size, int flags);
void *ztrymalloc_with_flags(size_t size, int flags);
void *zrealloc_with_flags(void *ptr, size_t size, int flags);
void zfree_with_flags(void *ptr, int flags);

/* Past the thread cache, where the allocator has one that can be passed by
 * (jemalloc); elsewhere as zmalloc and zfree. */
ZM_ATTR(malloc) void *zmalloc_no_tcache(size_t size);
void zfree_no_tcache(void *ptr);

/* ---- Out of memory ---------------------------------------------------- */

/* Installs the handler, called with the size that was asked for.  It may
 * return, longjmp, throw (C++) or end the process.  NULL brings back the default, which
 * prints one line to stderr and aborts. */
void zmalloc_set_oom_handler(void (*oom_handler)(size_t));

/* ---- Figures ---------------------------------------------------------- */

/* The sum of zmalloc_size() over all blocks that are allocated: exact whenever
 * no other call is in progress.  Takes no lock; async-signal-safe. */
size_t zmalloc_used_memory(void);

/* The largest zmalloc_used_memory() since the start or the last reset.  It may
 * miss up to 256 KiB per live thread: peaks are not looked for on every
 * allocation.  While other threads are inside calls, it may also be off, either
 * way, by what these allocate and free: a block that one frees and the next
 * allocates during the look may count twice.  Never below what is used now.
 * Async-signal-safe, both. */
size_t zmalloc_peak_memory(void);
void zmalloc_peak_memory_reset(void);

/* The allocator this binary has, as asked for: "jemalloc", "tcmalloc",
 * "tcmalloc_minimal" or "libc".  A string that lives forever. */
const char *zmalloc_allocator_name(void);

/* Reads figures of the allocator:
 *   allocated  bytes in blocks that the program holds
 *   active     bytes in pages that hold such blocks
 *   resident   bytes of pages that the allocator has in physical memory
 *   retained   bytes of address space kept, without physical memory
 *   muzzy      bytes given back lazily, that may still be resident
 *   frag_smallbins_bytes  bytes free inside slabs of small size classes
 * `refresh_stats` != 0 brings jemalloc's up to date first.  Any pointer may be
 * NULL.  Returns 1 when the allocator knows `allocated`, `active` and
 * `resident`, else 0; a figure it does not know is set to 0. */
int zmalloc_get_allocator_info(int refresh_stats, size_t *allocated, size_t *active,
                               size_t *resident, size_t *retained, size_t *muzzy,
                               size_t *frag_smallbins_bytes);

/* The same for one jemalloc arena.  Returns 0, figures 0, where there are no
 * arenas or no such one. */
int zmalloc_get_allocator_info_by_arena(unsigned int arena, int refresh_stats, size_t *allocated,
                                        size_t *active, size_t *resident,
                                        size_t *frag_smallbins_bytes);

/* frag_smallbins_bytes alone, as of the last refresh; 0 where unknown. */
size_t zmalloc_get_frag_smallbins(void);
size_t zmalloc_get_frag_smallbins_by_arena(unsigned int arena);

/* Resident memory of this process; 0 where the OS does not tell. */
size_t zmalloc_get_rss(void);

/* Sum over all mappings of process `pid` (-1: this one) of one field of
 * /proc/PID/smaps, such as "Rss:" or "Private_Dirty:" (with the colon).
 * 0 where the OS does not tell. */
size_t zmalloc_get_smap_bytes_by_field(const char *field, long pid);

/* The same for "Private_Dirty:". */
size_t zmalloc_get_private_dirty(long pid);

/* Physical memory of the machine (Redis's meaning); 0 where unknown. */
size_t zmalloc_get_memory_size(void);

/* What this process may really use: the smaller of physical memory and the
 * tightest memory limit of its cgroups, v1 or v2. */
size_t zmalloc_get_memory_limit(void);

/* Reads field `i`, counted from 1 as in proc(5), of /proc/self/stat.  Returns
 * 1 and sets *res, or 0. */
int get_proc_stat_ll(int i, long long *res);

/* ---- Giving memory back ------------------------------------------------ */

/* Gives the allocator's free pages back to the OS now.  Returns 0, or -1 when
 * that failed or this allocator cannot. */
int zmalloc_purge(void);

/* Turns purging by a thread in the background on or off.  Returns 0, or -1 when
 * that failed or this allocator has none (all but jemalloc). */
int zmalloc_background_purge(bool enable);

/* Redis's names of the two; under every allocator, despite theirs. */
int jemalloc_purge(void);
void set_jemalloc_bg_thread(int enable);

/* Gives free memory of the libc's malloc back to the OS, where it can. */
void zlibc_trim(void);

/* Tells the OS that the contents of the block are no longer needed: whole
 * pages inside it are dropped and read as zeros or as garbage afterwards.  The
 * block stays allocated.  For a forked child that need not keep a copy. */
void zmadvise_dontneed(void *ptr);

/* The same for `size` bytes at `ptr`, wherever they lie (Valkey). */
void zmadvise_dontneed_range(void *ptr, size_t size);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ZMALLOC_H_ */
