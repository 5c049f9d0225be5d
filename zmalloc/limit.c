/* Limits on used memory: the public functions, and ZMALLOC_LIMIT. */
#include "zmalloc/limit.h"

#include <stdatomic.h>
#include <stdint.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/limit.h"
#include "zmalloc/guard/bug_report.h"
#include "zmalloc/limit_setting.h"
#include "zmalloc/os/os.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

typedef void (*callback_t)(void *arg, bool above, size_t used);

void zm_limit_free(void *ptr) {
    size_t freed;
    zm_backend_free(ptr, &freed);
}

/* Used memory is never above INT64_MAX. */
static int64_t to_core(size_t limit) {
    return limit == 0 || limit > (size_t)PTRDIFF_MAX ? ZM_NO_LIMIT : (int64_t)limit;
}

static size_t from_core(int64_t limit) { return limit == ZM_NO_LIMIT ? 0 : (size_t)limit; }

/* Sets *generation to a number for these limits. */
static int set_limits(size_t soft, size_t hard, callback_t callback, void *arg,
                      unsigned *generation) {
    if (hard != 0 && soft > hard) return -1;
    const struct zm_limits limits = {
        .soft = to_core(soft), .hard = to_core(hard), .callback = callback, .arg = arg};
    *generation = zm_limits_set(&limits);
    return 0;
}

int zmalloc_set_limit(size_t soft, size_t hard, callback_t callback, void *arg) {
    unsigned generation;
    return set_limits(soft, hard, callback, arg, &generation);
}

void zmalloc_get_limit(size_t *soft, size_t *hard) {
    struct zm_limits limits;
    zm_limits_get(&limits);
    if (soft != NULL) *soft = from_core(limits.soft);
    if (hard != NULL) *hard = from_core(limits.hard);
}

static size_t share(size_t memory, unsigned percent) {
    return memory / 100 * percent + memory % 100 * percent / 100;
}

/* The shares that were set last, in percent, and the generation of the limits that they became: in
 * one word, so that all are read at once. */
static _Atomic uint64_t shares;

int zmalloc_limit_from_cgroup(unsigned soft_percent, unsigned hard_percent, callback_t callback,
                              void *arg) {
    const size_t memory = zm_os_known_memory();
    unsigned generation;
    if (memory == 0 || soft_percent > 100 || hard_percent > 100) return -1;
    if (set_limits(share(memory, soft_percent), share(memory, hard_percent), callback, arg,
                   &generation) != 0) {
        return -1;
    }
    atomic_store(&shares, (uint64_t)generation << 32 | soft_percent << 8 | hard_percent);
    return 0;
}

void zm_limit_follow(void) {
    struct zm_limits limits;
    const uint64_t now = atomic_load(&shares);
    zm_limits_get(&limits);
    if (now == 0 || now >> 32 != limits.generation) return; /* limits in bytes were set since */
    const size_t memory = zm_os_known_memory();
    const int64_t soft = to_core(share(memory, now >> 8 & 0xff));
    const int64_t hard = to_core(share(memory, now & 0xff));
    if (memory == 0 || (soft == limits.soft && hard == limits.hard)) return;
    zm_limits_move(limits.generation, soft, hard);
}

/* ---- ZMALLOC_LIMIT ------------------------------------------------------------ */

/* Blocks that are allocated before this runs are counted, but not limited. */
__attribute__((constructor)) static void set_up(void) {
    const char *text = zm_os_secure_getenv("ZMALLOC_LIMIT");
    struct zm_limit_setting setting;
    if (text == NULL || *text == '\0') return;
    if (!zm_limit_parse(text, &setting)) {
        zm_say(
            "ZMALLOC_LIMIT is ignored: it is not auto, 1% to 100%, or 1 MiB and more (1048576, "
            "1024K, 512M, 2G): ",
            text);
    } else if (setting.percent == 0) {
        (void)zmalloc_set_limit(0, setting.bytes, NULL, NULL);
    } else if (zmalloc_limit_from_cgroup(0, setting.percent, NULL, NULL) != 0) {
        zm_say("ZMALLOC_LIMIT is ignored: the memory of this system is not known: ", text);
    }
}
