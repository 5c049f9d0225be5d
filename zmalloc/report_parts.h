/* The parts of a report, each in its own file.  Their text is nothing where there is nothing to
 * say; their JSON is there always; `labels` come first in each line of OpenMetrics. */
#ifndef ZMALLOC_REPORT_PARTS_H_
#define ZMALLOC_REPORT_PARTS_H_

#include "zmalloc/report_text.h"
#include "zmalloc/stats.h"

/* report_causes.c: why more memory is resident than is used: the gap between `used` and `rss`, its
 * causes, and the largest mappings that are not the allocator's.  `stats` are those of the process.
 * What is not known is null in JSON, and left out elsewhere. */
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
