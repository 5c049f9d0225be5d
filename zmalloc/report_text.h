/* The text of a report, which may be longer than its buffer. */
#ifndef ZMALLOC_REPORT_TEXT_H_
#define ZMALLOC_REPORT_TEXT_H_

#include <stddef.h>

#include "zmalloc/stats.h"

struct zm_text {
    char *buffer;
    size_t size, length; /* of the buffer; of the text, whether it fits or not */
};

/* Appends, as printf() would.  What fits is in the buffer, with a NUL. */
__attribute__((format(printf, 2, 3))) void zm_put(struct zm_text *text, const char *format, ...);

/* Appends a number of bytes for people, 13 characters wide. */
void zm_put_bytes(struct zm_text *text, size_t bytes);

/* Appends a name of any bytes so that the report stays valid.  Each byte that is no UTF-8 becomes
 * U+FFFD. */
void zm_put_name(struct zm_text *text, const char *name, enum zmalloc_report_format format);

#endif /* ZMALLOC_REPORT_TEXT_H_ */
