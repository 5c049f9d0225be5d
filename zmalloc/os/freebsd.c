/* FreeBSD: sysctl, MADV_FREE. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <pthread_np.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysctl.h>
#include <sys/types.h>
#include <sys/user.h>
#include <unistd.h>

#include "zmalloc/os/freebsd_vmmap.h"
#include "zmalloc/os/objects.h"
#include "zmalloc/os/os.h"

#define SAME_PLACE(ours, theirs) \
    _Static_assert(              \
        offsetof(struct zm_freebsd_vmmap, ours) == offsetof(struct kinfo_vmentry, theirs), #ours)
SAME_PLACE(structsize, kve_structsize);
SAME_PLACE(type, kve_type);
SAME_PLACE(start, kve_start);
SAME_PLACE(end, kve_end);
SAME_PLACE(flags, kve_flags);
SAME_PLACE(resident, kve_resident);
SAME_PLACE(private_resident, kve_private_resident);
_Static_assert(sizeof(struct zm_freebsd_vmmap) <= offsetof(struct kinfo_vmentry, kve_path),
               "a record is no shorter");
_Static_assert(KVME_TYPE_DEFAULT == (int)ZM_FREEBSD_TYPE_DEFAULT &&
                   KVME_TYPE_SWAP == (int)ZM_FREEBSD_TYPE_SWAP &&
                   KVME_FLAG_NEEDS_COPY == (int)ZM_FREEBSD_FLAG_NEEDS_COPY,
               "sys/user.h");

/* MADV_DONTNEED keeps the contents.  After MADV_FREE the kernel takes the pages
 * when it needs some, unless the program writes to them before. */
void zm_os_discard_pages(void *begin, size_t size) { (void)madvise(begin, size, MADV_FREE); }

size_t zm_os_rss(void) {
    int mib[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()};
    struct kinfo_proc process;
    size_t length = sizeof process, bytes;
    if (sysctl(mib, 4, &process, &length, NULL, 0) != 0) return 0;
    if (length != sizeof process || process.ki_structsize != (int)sizeof process) return 0;
    if (process.ki_rssize < 0) return 0;
    bool over = __builtin_mul_overflow((size_t)process.ki_rssize, zm_os_page_size(), &bytes);
    return over ? SIZE_MAX : bytes;
}

/* The kernel samples RSS once per clock tick, so its peak may be below the present RSS. */
size_t zm_os_peak_rss(void) {
    struct rusage usage;
    size_t rss = zm_os_rss(), peak;
    if (getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss < 0) return rss;
    if (__builtin_mul_overflow((size_t)usage.ru_maxrss, (size_t)1024, &peak)) return SIZE_MAX;
    return peak > rss ? peak : rss;
}

/* Reads the mappings of a process: *length bytes, in a new mapping of *mapped bytes.  NULL on
 * failure. */
static void *read_vmmap(long pid, size_t *length, size_t *mapped) {
    int mib[] = {CTL_KERN, KERN_PROC, KERN_PROC_VMMAP, (int)pid};
    for (int attempt = 0; attempt < 8; attempt++) {
        *length = 0;
        if (sysctl(mib, 4, NULL, length, NULL, 0) != 0) return NULL;
        /* The process may get more mappings before we read them; one is this buffer. */
        size_t page = zm_os_page_size();
        if (__builtin_add_overflow(*length, *length / 3 + 2 * page, length)) return NULL;
        *length = *mapped = *length & ~(page - 1);
        void *records = zm_os_map(*mapped);
        if (records == NULL) return NULL;
        if (sysctl(mib, 4, records, length, NULL, 0) == 0) return records;
        bool more = errno == ENOMEM;
        munmap(records, *mapped);
        if (!more) return NULL;
    }
    return NULL;
}

size_t zm_os_smaps_bytes(const char *field, long pid) {
    size_t length, mapped;
    if (pid < -1 || pid > INT_MAX) return 0;
    void *records = read_vmmap(pid == -1 ? getpid() : pid, &length, &mapped);
    if (records == NULL) return 0;
    size_t sum = zm_freebsd_vmmap_sum(records, length, field, zm_os_page_size());
    munmap(records, mapped);
    return sum;
}

const char *zm_os_secure_getenv(const char *name) { return issetugid() ? NULL : getenv(name); }

int zm_os_pressure_open(void) { return -1; }

void zm_os_name_thread(const char *name) { pthread_set_name_np(pthread_self(), name); }

/* Its fork() waits for the loader. */
bool zm_os_loaded_objects(int (*visit)(struct dl_phdr_info *object, size_t size, void *context),
                          void *context) {
    (void)visit;
    (void)context;
    return false;
}
