/* FreeBSD's figures: its malloc is a jemalloc, and says so. */
#include <malloc_np.h>
#include <pthread.h>
#include <stdint.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

enum { MIB_MAX = 3 };

/* A name of mallctl; of length 0 where this jemalloc lacks it. */
struct mib {
    const char *name;
    size_t length;
    size_t path[MIB_MAX];
};

static struct mib epoch = {.name = "epoch"};
static struct mib allocated = {.name = "stats.allocated"};
static struct mib active = {.name = "stats.active"};
static struct mib resident = {.name = "stats.resident"};
static struct mib retained = {.name = "stats.retained"};
static struct mib mapped = {.name = "stats.mapped"};

static struct mib *const all_mibs[] = {&epoch, &allocated, &active, &resident, &retained, &mapped};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void resolve(void) {
    for (size_t i = 0; i < sizeof all_mibs / sizeof all_mibs[0]; i++) {
        size_t length = MIB_MAX;
        if (mallctlnametomib(all_mibs[i]->name, all_mibs[i]->path, &length) == 0) {
            all_mibs[i]->length = length;
        }
    }
}

static bool read_size(const struct mib *mib, size_t *value) {
    size_t size = sizeof *value;
    return mib->length != 0 && mallctlbymib(mib->path, mib->length, value, &size, NULL, 0) == 0 &&
           size == sizeof *value;
}

static void refresh_stats(void) {
    uint64_t now = 1;
    size_t size = sizeof now;
    if (epoch.length != 0) mallctlbymib(epoch.path, epoch.length, &now, &size, &now, size);
}

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    size_t value;
    if (arena != ZMALLOC_ALL_ARENAS) return false;
    pthread_once(&once, resolve);
    if (refresh) refresh_stats();
    if (read_size(&allocated, &value)) ZM_INFO_SET(info, ALLOCATED, allocated, value);
    if (read_size(&active, &value)) ZM_INFO_SET(info, ACTIVE, active, value);
    if (read_size(&resident, &value)) ZM_INFO_SET(info, RESIDENT, resident, value);
    if (read_size(&retained, &value)) ZM_INFO_SET(info, RETAINED, retained, value);
    if (read_size(&mapped, &value)) ZM_INFO_SET(info, MAPPED, mapped, value);
    return true;
}

int zm_backend_purge(void) { return zm_libc_trim(); }
