/* Ways to run a program, as users write them: NAME[,SETTING=VALUE]..., where NAME is an allocator
 * or the path of a library with malloc, and settings are environment variables. */
#ifndef TOOLS_COMMON_VARIANT_H_
#define TOOLS_COMMON_VARIANT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/common/cli.h"

enum { VARIANT_NAME_SIZE = 512 };

struct variant {
    char name[VARIANT_NAME_SIZE]; /* as it was asked for, a library without its folders */
    char base[VARIANT_NAME_SIZE]; /* the same without settings */
    char library[CLI_PATH_SIZE];  /* to preload; "" for none */
    bool as_is;                   /* no allocator takes the place of the program's own */
    char **settings;              /* "NAME=VALUE", as asked for; ends with NULL */
    char **environment;           /* all that the program gets on top of ours; likewise */
};

/* How a tool knows its allocators: `find` takes the name of one and says in `library` and `as_is`
 * what that is; it returns false after a line. */
struct variant_names {
    const char *tool;
    bool (*find)(const char *spec, const char *name, const char *argv0, struct variant *variant);
};

/* Makes a variant of `spec`.  False after a line that says what is wrong; variant_free() takes it
 * in any case. */
bool variant_parse(const struct variant_names *names, const char *spec, const char *argv0,
                   struct variant *variant);

/* Prints "TOOL: --variant=SPEC: WHYABOUT"; returns false. */
bool variant_fail(const char *tool, const char *spec, const char *why, const char *about);

/* Fills in the real path of a library that can be preloaded and has a malloc.  False after a line.
 */
bool variant_library(const char *tool, const char *spec, const char *path,
                     char library[CLI_PATH_SIZE]);

/* Writes `"library": PATH or null, "settings": [...]`. */
void variant_json(FILE *file, const struct variant *variant);

void variant_free(struct variant *variant);

#endif /* TOOLS_COMMON_VARIANT_H_ */
