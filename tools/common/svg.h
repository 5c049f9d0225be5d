/* Charts as SVG files. */
#ifndef TOOLS_COMMON_SVG_H_
#define TOOLS_COMMON_SVG_H_

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a picture can be written there; 0, or -1 with errno set.  Leaves the
 * file as it is. */
int svg_check(const char *path);

/* Writes what `draw` does with `what`: whole, or not at all.  0, or -1 with errno
 * set. */
int svg_write(const char *path, void (*draw)(FILE *file, const void *what), const void *what);

/* What a picture begins and ends with; sizes are in pixels. */
void svg_begin(FILE *file, int width, int height);
void svg_end(FILE *file);

/* A horizontal line of the grid, with its value left of it. */
void svg_grid_line(FILE *file, double left, double right, double y, double value);

/* The colour of the i-th of what a chart compares. */
const char *svg_color(size_t i);

/* At most 5 steps to `most`, none below `least`: that times 2, 5, 10, 20, ... */
double svg_step(double most, double least);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_SVG_H_ */
