/* What ZMALLOC_LIMIT means. */
#ifndef ZMALLOC_LIMIT_SETTING_H_
#define ZMALLOC_LIMIT_SETTING_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The share of the memory that `auto` means, in percent.  The rest is for what used memory does not
 * count: free memory of the allocator, code and stacks. */
enum { ZM_LIMIT_AUTO = 80 };

/* In bytes.  With less no program starts: then the unit was forgotten, or the percent sign. */
enum { ZM_LIMIT_LEAST = 1 << 20 };

struct zm_limit_setting {
    size_t bytes;     /* unless there are percents */
    unsigned percent; /* of the memory that the process may use; else 0 */
};

/* Reads a number of bytes, with "K", "M", "G" or "T" for powers of 1024 or nothing.  Returns false
 * for all else, and for more than PTRDIFF_MAX. */
bool zm_bytes_parse(const char *text, size_t *bytes);

/* Reads "auto", a number of percents from 1 to 100 with "%", or a number of bytes, 1 MiB or more,
 * with "K", "M", "G" or "T" for powers of 1024 or nothing.  Returns false for all else. */
bool zm_limit_parse(const char *text, struct zm_limit_setting *setting);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_LIMIT_SETTING_H_ */
