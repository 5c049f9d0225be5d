#include "zmalloc/guard/rate.h"

#include <limits.h>

unsigned zm_rate_parse(const char *text) {
    unsigned every = 0;
    if (text[0] != '1' || text[1] != '/') return 0;
    for (text += 2; *text != '\0'; text++) {
        const unsigned digit = (unsigned)*text - '0';
        if (digit > 9 || every > (INT_MAX - digit) / 10) return 0;
        every = every * 10 + digit;
    }
    return every;
}
