/* The functions that are the same on every POSIX system. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "zmalloc/os/os.h"

void *zm_os_map(size_t size) {
    void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ptr == MAP_FAILED ? NULL : ptr;
}

void zm_os_unmap(void *pages, size_t size) { (void)munmap(pages, size); }

void *zm_os_reserve(size_t size) {
    /* A hint for the kernel: 16 GiB is above programs at low addresses and below all else.  Another
     * reservation may lie there already: then twice as much, and so on. */
    enum { TRIES = 4 };
    uintptr_t low = UINTPTR_MAX > UINT32_MAX ? (uintptr_t)1 << 17 << 17 : 0;
    for (int tries = 1;; tries++, low *= 2) {
        void *ptr = mmap((void *)low, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (ptr == MAP_FAILED) return NULL;
        if (low == 0 || (uintptr_t)ptr == low || tries == TRIES) return ptr;
        munmap(ptr, size);
    }
}

size_t zm_os_address_space(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
    return limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}

bool zm_os_protect(void *pages, size_t size, bool accessible) {
    return mprotect(pages, size, accessible ? PROT_READ | PROT_WRITE : PROT_NONE) == 0;
}

void zm_os_discard(void *ptr, size_t size) {
    uintptr_t page = zm_os_page_size();
    uintptr_t begin = ((uintptr_t)ptr + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)ptr + size) & ~(page - 1);
    if (begin < (uintptr_t)ptr || end <= begin) return;
    zm_os_discard_pages((void *)begin, end - begin);
}

size_t zm_os_page_size(void) {
    long size = sysconf(_SC_PAGESIZE);
    return size > 0 ? (size_t)size : 4096;
}

/* The libcs of macOS and FreeBSD ask hw.memsize and hw.availpages. */
size_t zm_os_memory_size(void) {
    long pages = sysconf(_SC_PHYS_PAGES);
    size_t size;
    if (pages <= 0) return 0;
    return __builtin_mul_overflow((size_t)pages, zm_os_page_size(), &size) ? SIZE_MAX : size;
}

static size_t usable_memory(bool *known) {
    size_t physical = zm_os_memory_size();
    size_t limit = zm_os_memory_limit(known);
    return limit != 0 && (physical == 0 || limit < physical) ? limit : physical;
}

size_t zm_os_usable_memory(void) {
    bool known;
    return usable_memory(&known);
}

size_t zm_os_known_memory(void) {
    bool known;
    size_t memory = usable_memory(&known);
    return known ? memory : 0;
}

static uint64_t nanoseconds(clockid_t clock) {
    const int saved = errno;
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        errno = saved; /* the allocation that asked for the time does not fail */
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t zm_os_time(void) { return nanoseconds(CLOCK_MONOTONIC); }

uint64_t zm_os_cpu_time(void) { return nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

uint64_t zm_os_thread_cpu_time(void) { return nanoseconds(CLOCK_THREAD_CPUTIME_ID); }
