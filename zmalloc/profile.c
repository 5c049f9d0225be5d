#include "zmalloc/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/core/sampled.h"
#include "zmalloc/guard/bug_report.h"
#include "zmalloc/limit_setting.h"
#include "zmalloc/os/os.h"
#include "zmalloc/profile/samples.h"
#include "zmalloc/profile/writers.h"

#define LARGEST_RATE ((uint64_t)1 << 50)

int zmalloc_profile_start(size_t rate) {
    if (rate == 0) rate = ZMALLOC_PROFILE_RATE;
    if (rate > LARGEST_RATE) {
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

/* ---- ZMALLOC_PROFILE ---------------------------------------------------------- */

static char file_at_exit[4096];

/* A child of fork that exits must not write over its parent's file. */
static pid_t process;

static void write_at_exit(void) {
    if (getpid() != process) return;
    const int fd = open(file_at_exit, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && zmalloc_profile_write(fd) == 0;
    if ((fd >= 0 && close(fd) != 0) || !written) {
        zm_say("the file of ZMALLOC_PROFILE cannot be written: ", file_at_exit);
    }
}

/* Copies the name, with the process id for each %p, so that the programs that this one starts write
 * files of their own.  Returns false if it is empty or too long. */
static bool set_file(const char *name) {
    size_t length = 0;
    if (*name == '\0') return false;
    for (const char *c = name; *c != '\0'; c++) {
        char copied[24] = {*c};
        if (c[0] == '%' && c[1] == 'p') {
            (void)snprintf(copied, sizeof copied, "%ld", (long)process);
            c++;
        }
        const size_t more = strlen(copied);
        if (more >= sizeof file_at_exit - length) return false;
        memcpy(file_at_exit + length, copied, more + 1);
        length += more;
    }
    return true;
}

static bool parse(const char *text, size_t *rate) {
    char number[32];
    const size_t length = strcspn(text, ",");
    if (length >= sizeof number || (text[length] == ',' && !set_file(text + length + 1)))
        return false;
    memcpy(number, text, length);
    number[length] = '\0';
    return zm_bytes_parse(number, rate) && *rate != 0 && *rate <= LARGEST_RATE;
}

/* Blocks that are allocated before this runs are never samples. */
void zm_profile_set_up(void) {
    const char *text = zm_os_secure_getenv("ZMALLOC_PROFILE");
    size_t rate;
    if (text == NULL || *text == '\0') return;
    process = getpid();
    if (!parse(text, &rate)) {
        zm_say(
            "ZMALLOC_PROFILE is ignored: it is not RATE or RATE,FILE with a rate of bytes "
            "(524288, or 512K; the units are K, M, G, T): ",
            text);
        return;
    }
    if (zmalloc_profile_start(rate) != 0) {
        zm_say("ZMALLOC_PROFILE is ignored: no address space or no memory for it", "");
        return;
    }
    if (*file_at_exit != '\0' && atexit(write_at_exit) != 0) {
        zm_say("ZMALLOC_PROFILE writes no file: atexit() failed", "");
    }
}
