#include "zmalloc/profile.h"

#include <errno.h>
#include <stdint.h>

#include "zmalloc/core/sampled.h"
#include "zmalloc/profile/samples.h"
#include "zmalloc/profile/writers.h"

int zmalloc_profile_start(size_t rate) {
    if (rate == 0) rate = ZMALLOC_PROFILE_RATE;
    if (rate > ZM_PROFILE_LARGEST_RATE) {
        errno = EINVAL;
        return -1;
    }
    if (!zm_samples_start(rate)) {
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

void zmalloc_profile_stop(void) {
    if (zmalloc_profile_rate() != 0) (void)zm_samples_start(0);
}

size_t zmalloc_profile_rate(void) { return (size_t)zm_accounting_sample_rate(); }

static int write_by(bool (*writer)(int fd), int fd) {
    zm_samples_find_waste();
    return writer(fd) ? 0 : -1;
}

int zmalloc_profile_write(int fd) { return write_by(zm_profile_write_pprof, fd); }

int zmalloc_profile_write_heap_v2(int fd) { return write_by(zm_profile_write_heap_v2, fd); }

int zmalloc_profile_write_collapsed(int fd) { return write_by(zm_profile_write_collapsed, fd); }

const char *zmalloc_label(const char *label) { return zm_set_label(label); }
