/* zmalloc: one allocator API over jemalloc, tcmalloc, mimalloc and libc.
 *
 * A superset of the zmalloc.h of Redis and Valkey: the same names, signatures
 * and meaning, without their bugs (see ARCHITECTURE.md).
 *
 * These rules hold for every function, unless its comment says otherwise:
 *  - Sizes are in bytes.
 *  - Any thread may call it at any time: before main, in thread-exit
 *    destructors, and in the child after fork.
 *  - It takes less than 4 KiB of stack, the allocator included.  Over musl a report or a
 *    message takes up to 12 KiB, because musl's printf takes 8.
 *  - A size of 0 gives a valid block, which must be freed like any other.
 *  - A request of SIZE_MAX/2 or more always fails.
 *  - When a request fails, the ztry* functions return NULL.  The other functions
 *    call the out-of-memory handler once, and return NULL if the handler returns.
 *  - A shared object that contains zmalloc must stay loaded (-Wl,-z,nodelete).
 *  - Free zmalloc's blocks with zmalloc; never mix them with malloc/free of the
 *    libc.
 *
 * A program may define macros called `noinline`, `malloc` or `size` before it includes
 * this file: attributes are spelled __noinline__, and parameters end in an underscore.
 */
#ifndef ZMALLOC_ZMALLOC_H_
#define ZMALLOC_ZMALLOC_H_

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The settings of this build: ZMALLOC_LIB, HAVE_MALLOC_SIZE, ... */
#include "zmalloc/build_info.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Shared libraries export the functions that the public headers declare, and no others. */
#pragma GCC visibility push(default)

#if defined(__GNUC__) || defined(__clang__)
#define ZM_ATTR(...) __attribute__((__VA_ARGS__))
#else
#define ZM_ATTR(...)
#endif

/* ---- Allocate -------------------------------------------------------- */

/* Allocates `size` bytes, uninitialised and aligned for any object of that size.
 * Unlike malloc's, a small block may not be aligned for max_align_t: jemalloc is
 * built as Redis builds it. */
ZM_ATTR(__malloc__, __alloc_size__(1), __noinline__) void *zmalloc(size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(1), __noinline__) void *ztrymalloc(size_t size_);

/* The same, but the bytes are zero.  zcalloc_num allocates `num` times `size`
 * bytes.  When the product overflows, the request fails, and the out-of-memory
 * handler gets SIZE_MAX. */
ZM_ATTR(__malloc__, __alloc_size__(1), __noinline__) void *zcalloc(size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(1), __noinline__) void *ztrycalloc(size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(1, 2), __noinline__)
void *zcalloc_num(size_t num_, size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(1, 2), __noinline__)
void *ztrycalloc_num(size_t num_, size_t size_);

/* Resizes the block `ptr` and keeps its contents up to the smaller size.
 * ptr == NULL allocates.  size == 0 frees the block and returns NULL, which is not
 * an error (Redis's meaning).  On failure `ptr` stays as it was, and stays counted. */
ZM_ATTR(__alloc_size__(2), __noinline__) void *zrealloc(void *ptr_, size_t size_);
ZM_ATTR(__alloc_size__(2), __noinline__) void *ztryrealloc(void *ptr_, size_t size_);

/* Returns a new block with a copy of the string `s`, its terminator included. */
ZM_ATTR(__malloc__) char *zstrdup(const char *s_);

/* The same functions, which also set *usable to the usable size of the returned
 * block and, for realloc, *old_usable to the usable size of the given block (0 for
 * NULL).  Both pointers may be NULL.  On failure *usable is 0; *old_usable is
 * always set.  The caller may write to all usable bytes. */
void *zmalloc_usable(size_t size_, size_t *usable_);
void *ztrymalloc_usable(size_t size_, size_t *usable_);
void *zcalloc_usable(size_t size_, size_t *usable_);
void *ztrycalloc_usable(size_t size_, size_t *usable_);
void *zrealloc_usable(void *ptr_, size_t size_, size_t *usable_, size_t *old_usable_);
void *ztryrealloc_usable(void *ptr_, size_t size_, size_t *usable_, size_t *old_usable_);

/* Allocates `size` bytes aligned to `alignment` bytes.  The request fails if
 * `alignment` is not a power of two.  Free the block with zfree; zrealloc keeps
 * only malloc's alignment. */
ZM_ATTR(__malloc__, __alloc_size__(2)) void *zmalloc_aligned(size_t alignment_, size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(2)) void *ztrymalloc_aligned(size_t alignment_, size_t size_);

/* Allocates a block that starts at a cache line and is padded to whole cache
 * lines, so that no other block shares a cache line with it (Valkey). */
ZM_ATTR(__malloc__, __alloc_size__(1)) void *zmalloc_cache_aligned(size_t size_);

/* ---- Free ------------------------------------------------------------ */

/* Frees a block; NULL is ignored. */
void zfree(void *ptr_);

/* zfree that also sets *usable to the block's usable size (0 for NULL).  `usable`
 * may be NULL. */
void zfree_usable(void *ptr_, size_t *usable_);

/* zfree for a caller that knows the block's size.  `size` must be the usable size
 * or, unless the block was allocated with an alignment, the requested size.  Any
 * other size is undefined behaviour (Valkey). */
void zfree_with_size(void *ptr_, size_t size_);

/* Frees a block that the libc's malloc returned, without counting it. */
void zlibc_free(void *ptr_);

/* ---- Sizes of blocks ------------------------------------------------- */

/* Returns the bytes that zmalloc_used_memory() counts for the block: its usable
 * size, plus the size of the prefix where the build puts one before each block.
 * 0 for NULL. */
size_t zmalloc_size(const void *ptr_);

/* Returns the block's usable bytes; 0 for NULL.  Call extend_to_usable() before
 * you use bytes past the requested size. */
size_t zmalloc_usable_size(const void *ptr_);

/* Returns `ptr`; tells the compiler that the block has `size` bytes. */
ZM_ATTR(__alloc_size__(2), __noinline__) void *extend_to_usable(void *ptr_, size_t size_);

/* ---- Allocate with flags ---------------------------------------------- */

/* Redis's way to pass jemalloc's MALLOCX_* flags.  The flags below have jemalloc's
 * values and work under every allocator.  Other flags (arenas, thread caches) work
 * only under jemalloc, whose header defines them. */
#ifdef __cplusplus
#define ZMALLOC_FLAG_LG_ALIGN(lg) (static_cast<int>(lg)) /* aligned to 1 << lg bytes */
#else
#define ZMALLOC_FLAG_LG_ALIGN(lg) ((int)(lg))
#endif
#define ZMALLOC_FLAG_ZERO 0x40 /* zeroed; realloc zeroes the added bytes */

void *zmalloc_with_flags(size_t size_, int flags_);
void *ztrymalloc_with_flags(size_t size_, int flags_);
void *zrealloc_with_flags(void *ptr_, size_t size_, int flags_);
void zfree_with_flags(void *ptr_, int flags_);

/* As zmalloc and zfree, but under jemalloc they bypass the thread cache.  A block
 * of either kind may be freed by either function. */
ZM_ATTR(__malloc__) void *zmalloc_no_tcache(size_t size_);
void zfree_no_tcache(void *ptr_);

/* ---- Out of memory ---------------------------------------------------- */

/* Installs the out-of-memory handler.  zmalloc calls it with the requested size in
 * bytes.  The handler may return, longjmp, throw (C++) or end the process.  NULL
 * installs the default handler, which prints one line to stderr and aborts. */
void zmalloc_set_oom_handler(void (*oom_handler_)(size_t));

/* ---- Statistics ------------------------------------------------------- */

/* Returns the sum of zmalloc_size() over all allocated blocks.  It is exact
 * whenever no other call is in progress.  Takes no lock; async-signal-safe. */
size_t zmalloc_used_memory(void);

/* Returns the largest zmalloc_used_memory() since the start or the last reset.  It
 * may be too low by up to 256 KiB per live thread, because zmalloc does not look
 * for a new peak on every allocation.  While other threads are inside calls, it may
 * also be too high or too low by the bytes that they allocate and free meanwhile:
 * for example, bytes that one thread frees and another allocates while the sum is
 * taken may count twice.  It is never below the memory that is used now.  Both
 * functions are async-signal-safe. */
size_t zmalloc_peak_memory(void);
void zmalloc_peak_memory_reset(void);

/* Redis 8.6's name for zmalloc_peak_memory(). */
size_t zmalloc_get_peak_memory(void);

/* Returns the time, in seconds since 1970, when zmalloc first saw the peak that
 * zmalloc_peak_memory() returns; 0 if zmalloc never saw used memory above 0.  A reset counts as a
 * new peak.  Async-signal-safe. */
time_t zmalloc_get_peak_memory_time(void);

/* Returns the name of this binary's allocator, as the build's settings name it:
 * "jemalloc", "tcmalloc", "tcmalloc_minimal", "mimalloc" or "libc".  The string is constant;
 * do not free it. */
const char *zmalloc_allocator_name(void);

/* Reads statistics of the allocator:
 *   allocated  bytes in blocks that the program holds
 *   active     bytes in pages that hold such blocks
 *   resident   bytes of pages that the allocator has in physical memory
 *   retained   bytes of address space kept, without physical memory
 *   muzzy      bytes given back lazily, which may still be resident
 *   frag_smallbins_bytes  bytes free inside slabs of small size classes
 * `refresh_stats` != 0 brings jemalloc's statistics up to date first.  Any pointer
 * may be NULL.  Returns 1 when the allocator knows `allocated`, `active` and
 * `resident`, else 0.  A value that the allocator does not know is set to 0. */
int zmalloc_get_allocator_info(int refresh_stats_, size_t *allocated_, size_t *active_,
                               size_t *resident_, size_t *retained_, size_t *muzzy_,
                               size_t *frag_smallbins_bytes_);

/* The same for one jemalloc arena.  Returns 0 and sets all values to 0 when the
 * allocator has no arenas or not this one. */
int zmalloc_get_allocator_info_by_arena(unsigned int arena_, int refresh_stats_, size_t *allocated_,
                                        size_t *active_, size_t *resident_,
                                        size_t *frag_smallbins_bytes_);

/* Returns frag_smallbins_bytes alone, as of the last refresh; 0 where unknown. */
size_t zmalloc_get_frag_smallbins(void);
size_t zmalloc_get_frag_smallbins_by_arena(unsigned int arena_);

/* Returns the resident memory of this process; 0 where the OS does not tell. */
size_t zmalloc_get_rss(void);

/* Returns the sum of one field of /proc/PID/smaps over all mappings of process
 * `pid` (-1: this process).  `field` is, for example, "Rss:" or "Private_Dirty:",
 * with the colon.  0 where the OS does not tell. */
size_t zmalloc_get_smap_bytes_by_field(const char *field_, long pid_);

/* The same for "Private_Dirty:". */
size_t zmalloc_get_private_dirty(long pid_);

/* Returns the physical memory of the machine (Redis's meaning); 0 where unknown. */
size_t zmalloc_get_memory_size(void);

/* Returns the memory that this process may use: the smaller of the physical memory
 * and the lowest memory limit of its cgroups (v1 or v2); 0 where unknown. */
size_t zmalloc_get_memory_limit(void);

/* Reads field `i`, counted from 1 as in proc(5), of /proc/self/stat.  Returns
 * 1 and sets *res, or 0. */
int get_proc_stat_ll(int i_, long long *res_);

/* ---- Giving memory back ------------------------------------------------ */

/* Gives the allocator's free pages back to the OS now.  mimalloc keeps the free pages in segments
 * (32 MiB) that belong to other live threads.  Returns 0, or -1 when that failed or this allocator
 * cannot. */
int zmalloc_purge(void);

/* Turns purging by a background thread on or off.  Returns 0, or -1 when that
 * failed or the allocator has no such thread (all but jemalloc). */
int zmalloc_background_purge(bool enable_);

/* Redis's names for the two functions above.  They do the same, under every
 * allocator. */
int jemalloc_purge(void);
void set_jemalloc_bg_thread(int enable_);

/* Gives free memory of the libc's malloc back to the OS, where it can. */
void zlibc_trim(void);

/* Tells the OS that the contents of the block are no longer needed: the OS drops
 * the whole pages inside it, which afterwards read as zeros or as garbage.  The
 * block stays allocated.  Use it when a forked child does not need its copy. */
void zmadvise_dontneed(void *ptr_);

/* The same for any `size` bytes at `ptr`, a block or not (Valkey). */
void zmadvise_dontneed_range(void *ptr_, size_t size_);

/* For a child of fork that reads the parent's blocks, for example to write a snapshot, and then
 * ends.  After this call the child copies less of the parent's memory.  Call it directly after
 * fork, before the child starts threads.  From then on
 *
 *  - when the child frees a block that existed at the call, zmalloc only counts it: the allocator
 *    would write into it.  The block's memory is not used again.  Such a block grows by moving to a
 *    new block, for which a hard limit must leave room.  It shrinks by staying as it is, unless it
 *    lacks the requested alignment.  jemalloc does not write into a block that it frees, so over
 *    jemalloc (without --guard) these blocks are freed as usual;
 *  - blocks that the child itself allocates are resized and freed as usual.  Over the other
 *    allocators each takes the slow path of counting, which also remembers the block's address;
 *  - the allocator gives no memory back by itself, if zmalloc can turn that off (jemalloc,
 *    tcmalloc, mimalloc).  zmalloc_purge() works, but may copy pages;
 *  - defragmentation (zmalloc/defrag.h) moves no block.
 *
 * Used memory stays exact, and threads that start later may allocate and free.  A child of the
 * child is in the same state, and may call the function for itself.  The function does nothing if
 * this process called it before, or is not a child of fork (a child of plain clone() or vfork() is
 * not).  Leak checkers may report blocks that were only counted. */
void zmalloc_fork_child(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ZMALLOC_H_ */
