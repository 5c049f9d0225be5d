/* FreeBSD: its malloc is a jemalloc; mallctl tells its statistics. */
#include <malloc_np.h>
#include <pthread.h>

#define ZM_MALLCTLNAMETOMIB mallctlnametomib
#define ZM_MALLCTLBYMIB mallctlbymib
#include "zmalloc/allocator/libc/libc.h"
#include "zmalloc/allocator/mib.h"

static struct zm_mib epoch = {.name = "epoch"};
static struct zm_mib allocated = {.name = "stats.allocated"};
static struct zm_mib active = {.name = "stats.active"};
static struct zm_mib resident = {.name = "stats.resident"};
static struct zm_mib retained = {.name = "stats.retained"};
static struct zm_mib mapped = {.name = "stats.mapped"};
static struct zm_mib *const mibs[] = {&epoch, &allocated, &active, &resident, &retained, &mapped};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void resolve(void) { zm_mib_resolve(mibs, sizeof mibs / sizeof mibs[0]); }

void zm_libc_stats(bool refresh, struct zm_allocator_stats *stats) {
    size_t value;
    pthread_once(&once, resolve);
    if (refresh) zm_mib_refresh(&epoch);
    if (zm_mib_read_size(&allocated, 0, &value)) ZM_STATS_SET(stats, ALLOCATED, allocated, value);
    if (zm_mib_read_size(&active, 0, &value)) ZM_STATS_SET(stats, ACTIVE, active, value);
    if (zm_mib_read_size(&resident, 0, &value)) ZM_STATS_SET(stats, RESIDENT, resident, value);
    if (zm_mib_read_size(&retained, 0, &value)) ZM_STATS_SET(stats, RETAINED, retained, value);
    if (zm_mib_read_size(&mapped, 0, &value)) ZM_STATS_SET(stats, MAPPED, mapped, value);
}

/* The pseudo-index 4096 means all arenas. */
int zm_libc_trim(void) { return mallctl("arena.4096.purge", NULL, NULL, NULL, 0) == 0 ? 0 : -1; }

bool zm_libc_free_bytes(size_t *bytes) {
    (void)bytes;
    return false;
}
