/* Fills 60 MiB, frees most of it in steps, and then has little to do for some seconds.  Prints its
 * anonymous memory in bytes: when it was full, and at the end.
 *
 * Steps are longer than the time after which mimalloc gives memory back, 25 ms.  Without them it
 * would depend on chance, on a busy machine, how many such times freeing takes. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS = 60 * 1024, KEPT = 64, STEPS = 20, SECONDS = 6, FEW = 300 };

static void *block[BLOCKS];

static uint64_t anonymous(void) {
    char text[4096];
    const char *at = NULL;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) abort();
    static char buffer[4096];
    setvbuf(status, buffer, _IOFBF, sizeof(buffer));
    while (!at && fgets(text, sizeof(text), status)) {
        if (strncmp(text, "RssAnon:", 8) == 0) at = text + 8;
    }
    fclose(status);
    return at ? strtoull(at, NULL, 10) * 1024 : 0;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *filled(size_t size) {
    void *got = malloc(size);
    if (!got) abort();
    memset(got, 1, size);
    return got;
}

/* As a server that waits for work. */
static void work_a_little(void) {
    void *few[FEW];
    for (size_t size = 16; size <= 1024; size *= 2) {
        for (int i = 0; i < FEW; i++) few[i] = filled(size);
        for (int i = 0; i < FEW; i++) free(few[i]);
    }
}

/* What stays is spread over all memory. */
static void free_some(int from, int to) {
    for (int i = from; i < to; i++) {
        if (i % KEPT) free(block[i]);
    }
}

int main(void) {
    for (size_t i = 0; i < BLOCKS; i++) block[i] = filled(1 + i * 7919 % 2048);
    uint64_t full = anonymous();
    double start = now(), end = start + SECONDS;
    for (int step = 0; step < STEPS; step++) {
        free_some(BLOCKS / STEPS * step, BLOCKS / STEPS * (step + 1));
        while (now() < start + 0.1 * (step + 1)) usleep(1000);
    }
    while (now() < end) {
        work_a_little();
        usleep(20000);
    }
    printf("%" PRIu64 " %" PRIu64 "\n", full, anonymous());
    return 0;
}
