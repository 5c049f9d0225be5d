/* Why more memory is resident than is used, in a report. */
#ifndef ZMALLOC_REPORT_CAUSES_H_
#define ZMALLOC_REPORT_CAUSES_H_

#include "zmalloc/report_text.h"
#include "zmalloc/stats.h"

/* The gap between `used` and `rss`, its causes, and the largest mappings that are not the
 * allocator's.  `stats` are those of the process. */
void zm_report_causes_text(struct zm_text *text, const zmalloc_stats_t *stats);

/* An object; what is not known is null. */
void zm_report_causes_json(struct zm_text *text, const zmalloc_stats_t *stats);

/* Gauges; what is not known is left out.  `labels` come first. */
void zm_report_causes_openmetrics(struct zm_text *text, const zmalloc_stats_t *stats,
                                  const char *labels);

#endif /* ZMALLOC_REPORT_CAUSES_H_ */
