/* Many short threads, 16 at once, each of which makes its last call some ms before it ends; other
 * threads free a part of its blocks later.  Prints the most anonymous memory that it saw, in bytes.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 2000, AT_ONCE = 16, LAG = 1000, BLOCKS = 1000, KEPT = 100, MOST = 512 };

static void *kept[THREADS][KEPT];

static void *work(void *number) {
    const size_t n = (size_t)number;
    uint32_t random = (uint32_t)n * UINT32_C(2654435761) + 1;
    void *block[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        random = random * UINT32_C(1103515245) + 12345;
        const size_t size = 16 + (random >> 16) % (MOST - 16);
        block[i] = malloc(size);
        if (!block[i]) abort();
        memset(block[i], 1, size);
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (i % (BLOCKS / KEPT) == 0) {
            kept[n][i / (BLOCKS / KEPT)] = block[i];
        } else {
            free(block[i]);
        }
    }
    usleep(5000);
    return NULL;
}

static uint64_t anonymous(void) {
    static char buffer[4096];
    char text[4096];
    const char *at = NULL;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) abort();
    setvbuf(status, buffer, _IOFBF, sizeof(buffer));
    while (!at && fgets(text, sizeof(text), status)) {
        if (strncmp(text, "RssAnon:", 8) == 0) at = text + 8;
    }
    fclose(status);
    return at ? strtoull(at, NULL, 10) * 1024 : 0;
}

int main(void) {
    static pthread_t thread[AT_ONCE];
    uint64_t most = 0;
    for (size_t n = 0; n < THREADS; n++) {
        if (n >= AT_ONCE) pthread_join(thread[n % AT_ONCE], NULL);
        if (n % 100 == 0 && anonymous() > most) most = anonymous();
        if (pthread_create(&thread[n % AT_ONCE], NULL, work, (void *)n) != 0) abort();
        for (int i = 0; n >= LAG && i < KEPT; i++) free(kept[n - LAG][i]);
    }
    for (int i = 0; i < AT_ONCE; i++) pthread_join(thread[i], NULL);
    printf("%" PRIu64 "\n", most);
    return 0;
}
