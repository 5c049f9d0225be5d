/* Parses the values of ZMALLOC_LIMIT. */
#ifndef ZMALLOC_LIMIT_SETTING_H_
#define ZMALLOC_LIMIT_SETTING_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `auto` means this share of the memory, in percent.  Used memory does not count the allocator's
 * free memory, code and stacks; they need the rest. */
enum { ZM_LIMIT_AUTO = 80 };

/* The lowest limit, in bytes.  No program starts with less, so a smaller number is one without its
 * unit or percent sign. */
enum { ZM_LIMIT_LEAST = 1 << 20 };

struct zm_limit_setting {
    size_t bytes;     /* unless there are percents */
    unsigned percent; /* of the memory that the process may use; else 0 */
};

/* Reads a number of bytes, which may end in "K", "M", "G" or "T" (powers of 1024).  Returns false
 * for any other text, and for more than PTRDIFF_MAX. */
bool zm_bytes_parse(const char *text, size_t *bytes);

/* Reads "auto", a share from "1%" to "100%", or a number of bytes as zm_bytes_parse() does, 1 MiB
 * or more.  Returns false for any other text. */
bool zm_limit_parse(const char *text, struct zm_limit_setting *setting);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_LIMIT_SETTING_H_ */
