#include "zmalloc/limit_setting.h"

#include <stdint.h>
#include <string.h>

/* Reads digits, one at least, and moves *text behind them. */
static bool read_number(const char **text, size_t *number) {
    const char *begin = *text;
    *number = 0;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        if (__builtin_mul_overflow(*number, (size_t)10, number) ||
            __builtin_add_overflow(*number, (size_t)(**text - '0'), number)) {
            return false;
        }
    }
    return *text != begin;
}

static bool multiply(const char *suffix, size_t *number) {
    static const char suffixes[] = "KMGT";
    const char *found = *suffix != '\0' ? strchr(suffixes, *suffix) : NULL;
    if (*suffix == '\0') return true;
    if (found == NULL || suffix[1] != '\0') return false;
    for (const char *power = suffixes; power <= found; power++) {
        if (__builtin_mul_overflow(*number, (size_t)1024, number)) return false;
    }
    return true;
}

bool zm_bytes_parse(const char *text, size_t *bytes) {
    return read_number(&text, bytes) && multiply(text, bytes) && *bytes <= PTRDIFF_MAX;
}

bool zm_limit_parse(const char *text, struct zm_limit_setting *setting) {
    size_t number;
    *setting = (struct zm_limit_setting){.bytes = 0};
    if (strcmp(text, "auto") == 0) {
        setting->percent = ZM_LIMIT_AUTO;
        return true;
    }
    if (!read_number(&text, &number)) return false;
    if (strcmp(text, "%") == 0) {
        setting->percent = number <= 100 ? (unsigned)number : 0;
        return setting->percent != 0;
    }
    if (!multiply(text, &number) || number > PTRDIFF_MAX) return false;
    setting->bytes = number;
    return number >= ZM_LIMIT_LEAST;
}
