/* A library with a function of jemalloc's.  Its background thread takes 1 MiB for each 100 ms that
 * pass by its clock, so that memory tells how often it woke; the clock is jemalloc's. */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { MIB = 1 << 20, MOST = 500 };

int mallctl(const char *name, void *old, size_t *old_size, void *value, size_t size);

static volatile char memory[MOST][MIB];
static pthread_cond_t wakes = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void sleep_100_ms(void) {
    struct timeval now;
    gettimeofday(&now, NULL);
    const long us = now.tv_usec + 100000;
    const struct timespec until = {now.tv_sec + us / 1000000, us % 1000000 * 1000};
    pthread_cond_timedwait(&wakes, &mutex, &until);
}

static void *work(void *unused) {
    (void)unused;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MOST; i++) {
        sleep_100_ms();
        for (int at = 0; at < MIB; at += 4096) memory[i][at] = 1;
    }
    while (pthread_cond_wait(&wakes, &mutex) == 0) continue;
    return NULL;
}

int mallctl(const char *name, void *old, size_t *old_size, void *value, size_t size) {
    pthread_t thread;
    if (strcmp(name, "background_thread") != 0 || old || old_size || size != 1) return EINVAL;
    return *(char *)value ? pthread_create(&thread, NULL, work, NULL) : 0;
}
