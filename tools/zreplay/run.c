#include <stdlib.h>
#include <string.h>

#include "tools/zreplay/compare.h"

/* What follows the key; each is at the beginning of a line. */
static const char *find(const struct run *run, const char *key) {
    char line[96];
    snprintf(line, sizeof(line), "\n  \"%s\": ", key);
    const char *at = strstr(run->json, line);
    return at ? at + strlen(line) : NULL;
}

bool run_number(const struct run *run, const char *key, double *number) {
    const char *at = find(run, key);
    char *end;
    if (!at) return false;
    *number = strtod(at, &end);
    return end != at;
}

void run_text(const struct run *run, const char *key, char *text, size_t size) {
    const char *at = find(run, key);
    size_t used = 0;
    if (at && *at == '"') at++;
    for (; at && *at && *at != '"' && *at != '\n' && used + 1 < size; at++) {
        if (*at == '\\' && at[1]) at++;
        text[used++] = *at;
    }
    text[used] = '\0';
}
