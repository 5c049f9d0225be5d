/* Charts as SVG files; and files that are written as a whole or not at all. */
#ifndef TOOLS_COMMON_SVG_H_
#define TOOLS_COMMON_SVG_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/common/cli.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the file that an option of a tool names absolute, and checks whether it can be written;
 * leaves it as it is.  A file that is neither a page nor a picture is not replaced: `--html TRACE`
 * lacks the name of the page, and would cost the trace.  False after a line. */
bool svg_output(const char *tool, const char *option, const char *given, char path[CLI_PATH_SIZE]);

/* Writes the picture that `draw` makes of `what`, as a whole or not at all.  0, or -1 with errno
 * set. */
int svg_write(const char *path, void (*draw)(FILE *file, const void *what), const void *what);

/* The beginning and the end of a picture; sizes are in pixels. */
void svg_begin(FILE *file, int width, int height);
void svg_end(FILE *file);

/* A horizontal line of the grid, with its value left of it. */
void svg_grid_line(FILE *file, double left, double right, double y, double value);

/* The colour of the i-th series of a chart. */
const char *svg_color(size_t i);

/* At most 5 steps to `most`, none below `least`: that times 2, 5, 10, 20, ... */
double svg_step(double most, double least);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_SVG_H_ */
