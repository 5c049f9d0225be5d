/* One mapping of a process, with the fields of Linux's smaps, for systems that have no
 * smaps file. */
#ifndef ZMALLOC_OS_MAPPING_H_
#define ZMALLOC_OS_MAPPING_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In pages.  Values that the system does not tell stay 0. */
struct zm_mapping {
    uint64_t size;
    uint64_t private_clean, private_dirty;
    uint64_t shared_clean, shared_dirty;
    uint64_t swap;
};

/* Adds the bytes of a field ("Rss:") to *sum, which saturates.  Fields that smaps does not
 * have, or that only Linux can fill in, count as 0. */
void zm_mapping_add(const struct zm_mapping *mapping, const char *field, size_t page, size_t *sum);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OS_MAPPING_H_ */
