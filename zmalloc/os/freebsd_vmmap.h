/* Reads the result of sysctl KERN_PROC_VMMAP: records of varying size, one per
 * mapping.  The data is not trusted: an invalid record ends the sum. */
#ifndef ZMALLOC_OS_FREEBSD_VMMAP_H_
#define ZMALLOC_OS_FREEBSD_VMMAP_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The beginning of a record: struct kinfo_vmentry, defined here so that tests on other
 * systems can use it too (freebsd.c compares the two). */
struct zm_freebsd_vmmap {
    int32_t structsize; /* bytes of this record; the next record follows it */
    int32_t type;
    uint64_t start, end;
    uint64_t offset, vn_fileid;
    uint32_t vn_fsid;
    int32_t flags;
    int32_t resident;         /* pages */
    int32_t private_resident; /* pages of its object, if that is no copy of another */
};

enum {
    ZM_FREEBSD_TYPE_DEFAULT = 1,    /* anonymous */
    ZM_FREEBSD_TYPE_SWAP = 3,       /* anonymous */
    ZM_FREEBSD_FLAG_NEEDS_COPY = 2, /* nothing was written since a fork */
};

/* Returns the sum of an smaps field over the records, in bytes. */
size_t zm_freebsd_vmmap_sum(const void *records, size_t length, const char *field, size_t page);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OS_FREEBSD_VMMAP_H_ */
