/* Allocates in many threads, which free each other's blocks.  Prints by how many bytes its
 * anonymous memory grew while all its blocks were live. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 24, KEPT = 4000, CALLS = 40000, SHARED = 4096 };

static _Atomic(void *) shared[SHARED];
static pthread_barrier_t filled, measured;

static uint64_t anonymous(void) {
    char line[256];
    uint64_t kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) abort();
    while (fgets(line, sizeof(line), status)) {
        if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1) break;
    }
    fclose(status);
    return kib * 1024;
}

static uint64_t next(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void *work(void *number) {
    void **kept = calloc(KEPT, sizeof(*kept));
    uint64_t seed = (uintptr_t)number + 1;
    for (int i = 0; i < CALLS && kept; i++) {
        size_t size = 16 + next(&seed) % (i % 50 ? 400 : 20000);
        void *block = malloc(size);
        if (!block) abort();
        memset(block, 1, size);
        if (next(&seed) % 4 == 0) {
            free(atomic_exchange(&shared[next(&seed) % SHARED], block));
        } else {
            void **place = &kept[next(&seed) % KEPT];
            free(*place);
            *place = block;
        }
        if (i % 500 == 0) usleep(50);
    }
    pthread_barrier_wait(&filled);
    pthread_barrier_wait(&measured);
    for (int i = 0; i < KEPT && kept; i++) free(kept[i]);
    free(kept);
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    uint64_t before = anonymous();
    if (pthread_barrier_init(&filled, NULL, THREADS + 1) != 0) return 1;
    if (pthread_barrier_init(&measured, NULL, THREADS + 1) != 0) return 1;
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0) return 1;
    }
    pthread_barrier_wait(&filled);
    printf("%" PRIu64 "\n", anonymous() - before);
    pthread_barrier_wait(&measured);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return 0;
}
