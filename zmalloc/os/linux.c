/* Linux: /proc, cgroups, MADV_DONTNEED. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "zmalloc/os/linux_proc.h"
#include "zmalloc/os/os.h"

void zm_os_discard_pages(void *begin, size_t size) { (void)madvise(begin, size, MADV_DONTNEED); }

size_t zm_os_rss(void) {
    size_t pages, bytes;
    if (!zm_linux_resident_pages("", &pages)) return 0;
    return __builtin_mul_overflow(pages, zm_os_page_size(), &bytes) ? SIZE_MAX : bytes;
}

/* Not getrusage: exec does not reset its peak. */
size_t zm_os_peak_rss(void) { return zm_linux_status_bytes("", "VmHWM:"); }

/* What a chroot hides still holds. */
size_t zm_os_memory_limit(bool *known) {
    static atomic_bool seen;
    size_t limit;
    enum zm_linux_cgroups cgroups = zm_linux_cgroup_limit("", &limit);
    if (cgroups == ZM_LINUX_CGROUPS_READ) atomic_store(&seen, true);
    *known = cgroups == ZM_LINUX_CGROUPS_READ ||
             (cgroups == ZM_LINUX_CGROUPS_NONE && !atomic_load(&seen));
    return limit;
}

int zm_os_pressure_open(void) { return zm_linux_pressure_open(""); }

void zm_os_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

size_t zm_os_smaps_bytes(const char *field, long pid) {
    return zm_linux_smaps_bytes("", field, pid);
}

bool zm_os_mappings(void (*visit)(const struct zm_os_mapping *mapping, void *context),
                    void *context) {
    return zm_linux_mappings("", visit, context);
}

int zm_os_proc_stat_ll(int i, long long *res) { return zm_linux_proc_stat_ll("", i, res); }

const char *zm_os_secure_getenv(const char *name) { return secure_getenv(name); }
