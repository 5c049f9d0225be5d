// Zig ships headers for macOS without this one; an SDK's own is used if there.
#ifndef ZMALLOC_GPERFTOOLS_MACOS_GETSECT_H
#define ZMALLOC_GPERFTOOLS_MACOS_GETSECT_H

#if __has_include_next(<mach-o/getsect.h>)
#include_next <mach-o/getsect.h>
#else

#include <mach-o/loader.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

char *getsectdata(const char *segment, const char *section, unsigned long *size);
char *getsectdatafromheader(const struct mach_header *header, const char *segment,
                            const char *section, uint32_t *size);
char *getsectdatafromheader_64(const struct mach_header_64 *header, const char *segment,
                               const char *section, uint64_t *size);

#ifdef __cplusplus
}
#endif

#endif
#endif
