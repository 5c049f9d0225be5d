/* Has buffers of some pages that it writes to in part: 4000 of 12 KiB, from malloc, and 1000 of 40
 * KiB, from calloc.  Prints its anonymous memory in bytes. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFERS = 4000, SIZE = 12288, USED = 600, TABLES = 1000, TABLE = 40960 };

static char *buffer[BUFFERS], *table[TABLES];

static uint64_t anonymous(void) {
    static char line[256], room[4096];
    uint64_t kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) abort();
    setvbuf(status, room, _IOFBF, sizeof(room));
    while (fgets(line, sizeof(line), status)) {
        if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1) break;
    }
    fclose(status);
    return kib * 1024;
}

int main(void) {
    for (int i = 0; i < BUFFERS; i++) {
        buffer[i] = malloc(SIZE);
        if (!buffer[i]) abort();
        memset(buffer[i], 1, USED);
    }
    for (int i = 0; i < TABLES; i++) {
        table[i] = calloc(1, TABLE);
        if (!table[i]) abort();
        table[i][i % 4096] = 1;
    }
    printf("%" PRIu64 " 0\n", anonymous());
    return 0;
}
