#include "zmalloc/pressure.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/limit.h"
#include "zmalloc/limit_follow.h"
#include "zmalloc/os/os.h"
#include "zmalloc/zmalloc.h"

enum {
    SECOND_MS = 1000,
    LONGEST_PAUSE_MS = 60 * SECOND_MS,
};

/* ---- What the thread knows; only it uses this. ------------------------------------ */

struct watch {
    zmalloc_pressure_t settings;
    int stop, psi;            /* file descriptors; psi: -1 if there is none */
    size_t memory;            /* what the process may have */
    bool pressure;            /* as the callback knows it */
    unsigned since_second_ms; /* since what is done once a second was done */
    unsigned calm_ms;         /* since there was a sign of pressure */
    unsigned pause_ms;        /* until the next purge, after one that gained nothing */
    unsigned next_pause_ms;
    size_t rss_after_purge; /* after the last one */
};

static size_t percent_of(size_t memory, unsigned percent) { return memory / 100 * percent; }

static void tell(const struct watch *watch, size_t rss) {
    if (watch->settings.callback == NULL) return;
    watch->settings.callback(watch->settings.arg, watch->pressure, rss);
}

/* Free memory of the allocator that is resident, as far as it can be known. */
static size_t free_memory(size_t rss) {
    struct zm_allocator_stats stats = {.known = 0};
    (void)zm_backend_stats(ZM_ALL_ARENAS, true, &stats);
    const uint32_t both = 1U << ZM_STATS_ACTIVE | 1U << ZM_STATS_RESIDENT;
    const size_t used = zmalloc_used_memory();
    if ((stats.known & both) == both) {
        const size_t resident = stats.resident < rss ? stats.resident : rss;
        return resident > stats.active ? resident - stats.active : 0;
    }
    return rss > used ? rss - used : 0;
}

static bool should_stop(const struct watch *watch) {
    struct pollfd stop = {.fd = watch->stop, .events = POLLIN};
    return poll(&stop, 1, 0) > 0;
}

/* Between slices there is a pause as long as a slice, so that other threads get the locks. */
static void purge_in_slices(const struct watch *watch) {
    for (unsigned slice = 0; !should_stop(watch); slice++) {
        const uint64_t begin = zm_os_time();
        if (!zm_backend_purge_slice(slice)) return;
        const uint64_t took = zm_os_time() - begin;
        const struct timespec pause = {.tv_sec = (time_t)(took / 1000000000),
                                       .tv_nsec = (long)(took % 1000000000)};
        nanosleep(&pause, NULL);
    }
}

/* When a purge gains nothing, the next one comes later and later, unless resident memory rises. */
static void purge(struct watch *watch) {
    const size_t before = zm_os_rss();
    if (watch->pause_ms > watch->settings.interval_ms &&
        before < watch->rss_after_purge + watch->memory / 64) {
        watch->pause_ms -= watch->settings.interval_ms;
        return;
    }
    purge_in_slices(watch);
    const size_t after = zm_os_rss();
    watch->rss_after_purge = after;
    const bool gained = after < before && before - after > watch->memory / 128;
    watch->pause_ms = gained ? 0 : watch->next_pause_ms;
    watch->next_pause_ms = gained ? SECOND_MS : 2 * watch->next_pause_ms;
    if (watch->next_pause_ms > LONGEST_PAUSE_MS) watch->next_pause_ms = LONGEST_PAUSE_MS;
}

static void set_pressure(struct watch *watch, bool pressure, size_t rss) {
    watch->pressure = pressure;
    if (pressure) watch->pause_ms = 0;
    tell(watch, rss);
    zm_backend_shorten_decay(pressure);
}

/* Returns whether the allocator keeps too much. */
static bool once_a_second(struct watch *watch, size_t rss) {
    watch->memory = watch->settings.memory != 0 ? watch->settings.memory : zm_os_usable_memory();
    zm_limit_follow();
    return free_memory(rss) > percent_of(watch->memory, watch->settings.free_percent);
}

static void look(struct watch *watch, bool kernel_says) {
    const size_t rss = zm_os_rss();
    bool keeps_much = false;
    watch->since_second_ms += watch->settings.interval_ms;
    if (watch->since_second_ms >= SECOND_MS) {
        watch->since_second_ms = 0;
        keeps_much = once_a_second(watch, rss);
    }
    const bool sign = kernel_says || zm_limit_is_above() ||
                      rss > percent_of(watch->memory, watch->settings.high_percent);
    watch->calm_ms = sign ? 0 : watch->calm_ms + watch->settings.interval_ms;
    if (sign && !watch->pressure) {
        set_pressure(watch, true, rss);
    } else if (watch->pressure && watch->calm_ms >= SECOND_MS) {
        set_pressure(watch, false, rss);
    }
    if (watch->pressure || keeps_much) purge(watch);
}

/* Returns false when the thread should end. */
static bool wait_for_look(const struct watch *watch, bool *kernel_says) {
    struct pollfd files[] = {{.fd = watch->stop, .events = POLLIN},
                             {.fd = watch->psi, .events = POLLPRI}};
    const int ready = poll(files, 2, (int)watch->settings.interval_ms);
    *kernel_says = ready > 0 && (files[1].revents & POLLPRI) != 0;
    return ready <= 0 || files[0].revents == 0;
}

static void watch_memory(struct watch *watch) {
    bool kernel_says;
    watch->psi = zm_os_pressure_open();
    watch->since_second_ms = SECOND_MS; /* the first look does all */
    watch->next_pause_ms = SECOND_MS;
    while (wait_for_look(watch, &kernel_says)) look(watch, kernel_says);
    if (watch->pressure) zm_backend_shorten_decay(false);
    if (watch->psi >= 0) close(watch->psi);
}

/* ---- Starting and ending it ------------------------------------------------------- */

/* Guarded by the mutex.  The thread ends when stop[1] is closed. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool runs;
static pthread_t thread;
static int stop[2];
static struct watch watched;

static void *run(void *watch) {
    zm_os_name_thread("zm-pressure");
    watch_memory(watch);
    return NULL;
}

static void before_fork(void) { pthread_mutex_lock(&mutex); }

static void in_parent(void) { pthread_mutex_unlock(&mutex); }

/* The thread is not in the child; what it changed in the allocator is. */
static void in_child(void) {
    if (runs) {
        close(stop[0]);
        close(stop[1]);
        if (watched.psi >= 0) close(watched.psi);
        if (watched.pressure) zm_backend_shorten_decay(false);
        runs = false;
    }
    pthread_mutex_unlock(&mutex);
}

static void at_exit(void) {
    if (!pthread_equal(pthread_self(), thread)) zmalloc_pressure_stop();
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_up(void) {
    pthread_atfork(before_fork, in_parent, in_child);
    (void)atexit(at_exit);
}

static bool start_thread(void) {
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    const bool started = pthread_create(&thread, NULL, run, &watched) == 0;
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    return started;
}

static zmalloc_pressure_t with_defaults(const zmalloc_pressure_t *given) {
    zmalloc_pressure_t settings = {.callback = NULL};
    if (given != NULL) settings = *given;
    if (settings.high_percent == 0) settings.high_percent = 90;
    if (settings.free_percent == 0) settings.free_percent = 10;
    if (settings.interval_ms == 0) settings.interval_ms = 100;
    if (settings.interval_ms > LONGEST_PAUSE_MS) settings.interval_ms = LONGEST_PAUSE_MS;
    return settings;
}

int zmalloc_pressure_start(const zmalloc_pressure_t *given) {
    const zmalloc_pressure_t settings = with_defaults(given);
    if (settings.high_percent > 100 || settings.free_percent > 100) return -1;
    pthread_once(&once, set_up);
    pthread_mutex_lock(&mutex);
    bool started = false;
    if (!runs && zm_os_pipe(stop)) {
        watched = (struct watch){.settings = settings, .stop = stop[0], .psi = -1};
        runs = started = start_thread();
        if (!started) {
            close(stop[0]);
            close(stop[1]);
        }
    }
    pthread_mutex_unlock(&mutex);
    return started ? 0 : -1;
}

/* Waits without the mutex: the callback may fork, and that takes it. */
void zmalloc_pressure_stop(void) {
    pthread_mutex_lock(&mutex);
    const bool did_run = runs;
    runs = false;
    pthread_mutex_unlock(&mutex);
    if (!did_run) return;
    close(stop[1]);
    pthread_join(thread, NULL);
    close(stop[0]);
}
