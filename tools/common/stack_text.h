/* Call stacks as text and as JSON. */
#ifndef TOOLS_COMMON_STACK_TEXT_H_
#define TOOLS_COMMON_STACK_TEXT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/common/stacks.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { STACK_BYTES_TEXT = 32 };

/* "64.0 MiB"; with `sign` also "+64.0 MiB". */
const char *stack_bytes(int64_t bytes, bool sign, char text[STACK_BYTES_TEXT]);

/* Prints a text from a file, on which a terminal must not act. */
void stack_print_line(const char *before, const char *text);

/* Prints up to `shown` frames, a line each, and the label.  The first line stands behind the
 * figures.  Of names with over 100 letters the arguments of templates are left out. */
void stack_print(const struct stack *stack, int indent, size_t shown);

/* A text as JSON, or null: "NAME": TEXT. */
void stack_json_text(FILE *file, const char *name, const char *text);

/* An object of figures. */
void stack_json_figures(FILE *file, const char *name, const int64_t values[FIGURES]);

/* The frames of the first `shown` stacks as "frames": [...], each frame once, and then
 * the stacks as "stacks": [...], which have the numbers of the frames.  With `is_diff` each has
 * older figures too. */
void stack_json(FILE *file, const struct stacks *stacks, size_t shown, bool is_diff);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_STACK_TEXT_H_ */
