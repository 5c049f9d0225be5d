/* The zones in a report. */
#ifndef ZMALLOC_REPORT_ZONES_H_
#define ZMALLOC_REPORT_ZONES_H_

#include "zmalloc/report_text.h"

/* The largest zones and the sum of all; nothing if there is no zone. */
void zm_report_zones_text(struct zm_text *text);

/* An array of all zones. */
void zm_report_zones_json(struct zm_text *text);

/* Two gauges, with a sample for each zone; nothing if there is no zone.  `labels` come first. */
void zm_report_zones_openmetrics(struct zm_text *text, const char *labels);

#endif /* ZMALLOC_REPORT_ZONES_H_ */
