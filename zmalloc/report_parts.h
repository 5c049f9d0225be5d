/* The text of a report, and the parts of a report, each in its own file. */
#ifndef ZMALLOC_REPORT_PARTS_H_
#define ZMALLOC_REPORT_PARTS_H_

#include <stddef.h>

#include "zmalloc/stats.h"

/* report_text.c: the text, which may be longer than its buffer. */
struct zm_text {
    char *buffer;
    size_t size, length; /* of the buffer; of the text, whether it fits or not */
};

/* Appends, as printf() would.  The buffer holds the part that fits, with a NUL. */
__attribute__((format(printf, 2, 3))) void zm_put(struct zm_text *text, const char *format, ...);

/* Appends a number of bytes for people, 13 characters wide. */
void zm_put_bytes(struct zm_text *text, size_t bytes);

/* Appends a name of any bytes so that the report stays valid.  Each byte that is no UTF-8 becomes
 * U+FFFD. */
void zm_put_name(struct zm_text *text, const char *name, enum zmalloc_report_format format);

/* The parts.  A part with nothing to report writes no text, but its JSON always.  `labels` come
 * first in each line of OpenMetrics. */

/* report_causes.c: why more memory is resident than is used: the gap between `used` and `rss`, its
 * causes, and the largest mappings that are not the allocator's.  `stats` are those of the process.
 * Unknown values are null in JSON, and left out elsewhere. */
void zm_report_causes_text(struct zm_text *text, const zmalloc_stats_t *stats);
void zm_report_causes_json(struct zm_text *text, const zmalloc_stats_t *stats); /* an object */
void zm_report_causes_openmetrics(struct zm_text *text, const zmalloc_stats_t *stats,
                                  const char *labels);

/* report_waste.c: which code wastes the memory of slabs: the rows of the heap profile with the most
 * waste, while a profile is on. */
void zm_report_waste_text(struct zm_text *text);
void zm_report_waste_json(struct zm_text *text); /* an array, or null if no profile is on */
void zm_report_waste_openmetrics(struct zm_text *text, const char *labels);

/* report_zones.c: the largest zones and the sum of all; in JSON and OpenMetrics all zones. */
void zm_report_zones_text(struct zm_text *text);
void zm_report_zones_json(struct zm_text *text); /* an array */
void zm_report_zones_openmetrics(struct zm_text *text, const char *labels);

#endif /* ZMALLOC_REPORT_PARTS_H_ */
