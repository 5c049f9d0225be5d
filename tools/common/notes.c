#include "tools/common/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void notes_add(struct notes *notes, const char *format, ...) {
    char *line;
    va_list args;
    va_start(args, format);
    if (vasprintf(&line, format, args) < 0) line = NULL;
    va_end(args);
    for (size_t i = 0; line && i < notes->count; i++) {
        if (strcmp(notes->at[i], line) != 0) continue;
        free(line);
        return; /* both profiles of a comparison may say it */
    }
    char **more = line ? realloc(notes->at, (notes->count + 1) * sizeof(*more)) : NULL;
    if (more) {
        notes->at = more;
        notes->at[notes->count++] = line;
    } else {
        free(line);
    }
}

void notes_free(struct notes *notes) {
    for (size_t i = 0; i < notes->count; i++) free(notes->at[i]);
    free(notes->at);
}
