/* Which code wastes the memory of slabs, in a report: the rows of the heap profile with the most
 * waste, while a profile is on. */
#ifndef ZMALLOC_REPORT_WASTE_H_
#define ZMALLOC_REPORT_WASTE_H_

#include "zmalloc/report_text.h"

/* Nothing if no profile is on. */
void zm_report_waste_text(struct zm_text *text);

/* An array, or null if no profile is on. */
void zm_report_waste_json(struct zm_text *text);

/* A gauge; nothing if no profile is on.  `labels` come first. */
void zm_report_waste_openmetrics(struct zm_text *text, const char *labels);

#endif /* ZMALLOC_REPORT_WASTE_H_ */
