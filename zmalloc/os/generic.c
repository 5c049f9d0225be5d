/* For systems that have no file of their own here: uses only POSIX. */
#include "zmalloc/os/os.h"

/* POSIX has no call that is certain to drop the pages and keeps the range mapped. */
void zm_os_discard_pages(void *begin, size_t size) {
    (void)begin;
    (void)size;
}

size_t zm_os_rss(void) { return 0; }

size_t zm_os_peak_rss(void) { return 0; }

size_t zm_os_smaps_bytes(const char *field, long pid) {
    (void)field;
    (void)pid;
    return 0;
}

/* POSIX has no call that tells whether the program is setuid. */
const char *zm_os_secure_getenv(const char *name) {
    (void)name;
    return NULL;
}

bool zm_os_is_readable(uintptr_t address) {
    (void)address;
    return false;
}

uintptr_t zm_os_load_bias(const void *loaded) { return (uintptr_t)loaded; }

int zm_os_pressure_open(void) { return -1; }

void zm_os_name_thread(const char *name) { (void)name; }

void zm_os_modules(bool (*visit)(const struct zm_os_module *module, void *context), void *context) {
    (void)visit;
    (void)context;
}
