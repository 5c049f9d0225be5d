/* macOS: Mach's task information, libproc, MADV_FREE. */
#include <libproc.h>
#include <limits.h>
#include <mach/mach.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zmalloc/os/darwin_region.h"
#include "zmalloc/os/os.h"

_Static_assert(SM_COW == (int)ZM_DARWIN_COW && SM_PRIVATE == (int)ZM_DARWIN_PRIVATE &&
                   SM_EMPTY == (int)ZM_DARWIN_EMPTY && SM_SHARED == (int)ZM_DARWIN_SHARED &&
                   SM_TRUESHARED == (int)ZM_DARWIN_TRUESHARED &&
                   SM_PRIVATE_ALIASED == (int)ZM_DARWIN_PRIVATE_ALIASED &&
                   SM_SHARED_ALIASED == (int)ZM_DARWIN_SHARED_ALIASED &&
                   SM_LARGE_PAGE == (int)ZM_DARWIN_LARGE_PAGE,
               "mach/vm_region.h");

/* MADV_DONTNEED keeps the contents.  After MADV_FREE the kernel takes the pages
 * when it needs some, unless the program writes to them before.  MADV_FREE_REUSABLE
 * would also lower the footprint at once, but then a program that uses the pages
 * again must announce it, or they are never counted again. */
void zm_os_discard_pages(void *begin, size_t size) { (void)madvise(begin, size, MADV_FREE); }

/* mach_task_self() returns a port right that the process keeps: do not release it. */
static bool read_task(struct mach_task_basic_info *info) {
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    return task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)info, &count) ==
               KERN_SUCCESS &&
           count == MACH_TASK_BASIC_INFO_COUNT;
}

size_t zm_os_rss(void) {
    struct mach_task_basic_info info;
    return read_task(&info) ? info.resident_size : 0;
}

size_t zm_os_peak_rss(void) {
    struct mach_task_basic_info info;
    return read_task(&info) ? info.resident_size_max : 0;
}

/* Reads the region at `address`, or the next one after it. */
static bool read_region(int pid, uint64_t address, struct proc_regioninfo *info) {
    return proc_pidinfo(pid, PROC_PIDREGIONINFO, address, info, sizeof *info) == sizeof *info;
}

/* This uses libproc and not mach_vm_region, which needs the task ports of other
 * processes: a task port needs privileges, and leaks unless it is released. */
size_t zm_os_smaps_bytes(const char *field, long pid) {
    struct proc_regioninfo info;
    size_t page = zm_os_page_size(), sum = 0;
    uint64_t address = 0;
    if (pid < -1 || pid > INT_MAX) return 0;
    int process = pid == -1 ? getpid() : (int)pid;
    while (read_region(process, address, &info)) {
        struct zm_darwin_region region = {
            .bytes = info.pri_size,
            .share_mode = info.pri_share_mode,
            .resident = info.pri_pages_resident,
            .dirtied = info.pri_pages_dirtied,
            .now_private = info.pri_pages_shared_now_private,
            .swapped_out = info.pri_pages_swapped_out,
        };
        struct zm_mapping mapping = zm_darwin_mapping(&region, page);
        zm_mapping_add(&mapping, field, page, &sum);
        uint64_t end;
        if (__builtin_add_overflow(info.pri_address, info.pri_size, &end)) break;
        if (end <= address) break;
        address = end;
    }
    return sum;
}

const char *zm_os_secure_getenv(const char *name) { return issetugid() ? NULL : getenv(name); }

/* mincore() also succeeds for pages that are not mapped.  Here backtrace() goes by frame pointers
 * itself. */
bool zm_os_is_readable(uintptr_t address) {
    (void)address;
    return false;
}

uintptr_t zm_os_load_bias(const void *loaded) { return (uintptr_t)loaded; }

int zm_os_pressure_open(void) { return -1; }

void zm_os_name_thread(const char *name) { (void)pthread_setname_np(name); }
