/* What the reader of a report should know beside the figures. */
#ifndef TOOLS_COMMON_NOTES_H_
#define TOOLS_COMMON_NOTES_H_

#include <stddef.h>

struct notes {
    char **at;
    size_t count;
};

/* Adds a line, which is lost where there is no memory. */
void notes_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void notes_free(struct notes *notes);

#endif /* TOOLS_COMMON_NOTES_H_ */
