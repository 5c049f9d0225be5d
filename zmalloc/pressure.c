#include "zmalloc/pressure.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/limit.h"
#include "zmalloc/os/os.h"
#include "zmalloc/zmalloc.h"

enum {
    LONGEST_INTERVAL_MS = 60000,
    LONGEST_PAUSE_S = 60,
};

static const uint64_t second = 1000000000; /* of zm_os_time() */

/* ---- What the thread knows; only it uses this. ------------------------------------ */

struct watch {
    zmalloc_pressure_t settings;
    int stop, psi;        /* file descriptors; psi: -1 if there is none */
    size_t memory, rss;   /* what the process may have, and has; 0: not known */
    bool pressure;        /* as the callback knows it */
    uint64_t last_second; /* when what is done once a second was done */
    uint64_t last_sign;   /* of pressure */
    uint64_t next_purge;  /* not before this, after one that gained nothing */
    uint64_t next_pause;
    size_t rss_after_purge; /* after the last one */
};

static size_t percent_of(size_t memory, unsigned percent) { return memory / 100 * percent; }

static void tell(const struct watch *watch) {
    if (watch->settings.callback == NULL) return;
    watch->settings.callback(watch->settings.arg, watch->pressure, watch->rss);
}

/* While a value cannot be read, the last one counts: the process may have no file descriptor
 * left. */
static size_t read_rss(struct watch *watch) {
    const size_t rss = zm_os_rss();
    if (rss != 0) watch->rss = rss;
    return watch->rss;
}

static void read_memory(struct watch *watch) {
    const size_t memory =
        watch->settings.memory != 0 ? watch->settings.memory : zm_os_known_memory();
    if (memory != 0) watch->memory = memory;
    if (watch->memory == 0) watch->memory = zm_os_usable_memory();
}

static bool is_above(const struct watch *watch, size_t bytes, unsigned percent) {
    return watch->memory != 0 && bytes > percent_of(watch->memory, percent);
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
        const struct timespec pause = {.tv_sec = (time_t)(took / second),
                                       .tv_nsec = (long)(took % second)};
        nanosleep(&pause, NULL);
    }
}

/* When a purge gains nothing, the next one comes later and later, unless resident memory rises. */
static void purge(struct watch *watch) {
    const size_t before = read_rss(watch);
    if (zm_os_time() < watch->next_purge && before < watch->rss_after_purge + watch->memory / 64) {
        return;
    }
    purge_in_slices(watch);
    const size_t after = read_rss(watch);
    watch->rss_after_purge = after;
    const bool gained = after < before && before - after > watch->memory / 128;
    watch->next_purge = gained ? 0 : zm_os_time() + watch->next_pause;
    watch->next_pause = gained ? second : 2 * watch->next_pause;
    if (watch->next_pause > LONGEST_PAUSE_S * second) watch->next_pause = LONGEST_PAUSE_S * second;
}

static void set_pressure(struct watch *watch, bool pressure) {
    watch->pressure = pressure;
    if (pressure) watch->next_purge = 0;
    tell(watch);
    zm_backend_shorten_decay(pressure);
}

/* Returns whether the allocator keeps too much. */
static bool once_a_second(struct watch *watch) {
    read_memory(watch);
    zm_limit_follow();
    return is_above(watch, free_memory(watch->rss), watch->settings.free_percent);
}

static void look(struct watch *watch, bool kernel_says) {
    const uint64_t now = zm_os_time();
    const size_t rss = read_rss(watch);
    bool keeps_much = false;
    zm_limit_tell(); /* other threads may cross the limit together, and none notices */
    if (now - watch->last_second >= second) {
        watch->last_second = now;
        keeps_much = once_a_second(watch);
    }
    const bool sign =
        kernel_says || zm_limit_is_above() || is_above(watch, rss, watch->settings.high_percent);
    if (sign) watch->last_sign = now;
    if (sign && !watch->pressure) {
        set_pressure(watch, true);
    } else if (watch->pressure && now - watch->last_sign >= second) {
        set_pressure(watch, false);
    }
    if (watch->pressure || keeps_much) purge(watch);
}

/* Returns false when the thread should end. */
static bool wait_for_look(struct watch *watch, bool *kernel_says) {
    struct pollfd files[] = {{.fd = watch->stop, .events = POLLIN},
                             {.fd = watch->psi, .events = POLLPRI}};
    const int ready = poll(files, 2, (int)watch->settings.interval_ms);
    const int psi = ready > 0 ? files[1].revents : 0;
    *kernel_says = psi == POLLPRI;
    if ((psi & ~POLLPRI) != 0) { /* the cgroup is gone: poll() would never wait again */
        close(watch->psi);
        watch->psi = -1;
    }
    return ready <= 0 || files[0].revents == 0;
}

static void watch_memory(struct watch *watch) {
    bool kernel_says;
    watch->last_second = zm_os_time() - second; /* the first look does all */
    watch->next_pause = second;
    while (wait_for_look(watch, &kernel_says)) look(watch, kernel_says);
    zm_backend_shorten_decay(false);
}

/* ---- Starting and ending it ------------------------------------------------------- */

/* Guarded by the mutex.  The thread ends when there is something to read from stop[0].  It is not
 * told by closing stop[1], which another process may have. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER; /* one of the next two */
static enum state { ABSENT, RUNS, STOPS } state;
static bool ended;
static pthread_t thread;
static int stop[2];
static struct watch watched;

static void set_state(enum state now) {
    state = now;
    pthread_cond_broadcast(&changed);
}

static void close_files(void) {
    close(stop[0]);
    close(stop[1]);
    if (watched.psi >= 0) close(watched.psi);
    watched.psi = -1;
}

static void *run(void *watch) {
    zm_os_name_thread("zm-pressure");
    watch_memory(watch);
    pthread_mutex_lock(&mutex);
    ended = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void before_fork(void) { pthread_mutex_lock(&mutex); }

static void in_parent(void) { pthread_mutex_unlock(&mutex); }

/* The thread is not in the child; what it changed in the allocator is. */
static void in_child(void) {
    if (state != ABSENT) {
        close_files();
        zm_backend_shorten_decay(false);
        state = ABSENT;
    }
    changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER; /* the threads that waited are not here */
    pthread_mutex_unlock(&mutex);
}

/* Waits, with the mutex, until the thread has ended.  Returns false when it is `until` before
 * (NULL: never). */
static bool wait_until_ended(const struct timespec *until) {
    int error = 0;
    while (!ended && error == 0) {
        error = until != NULL ? pthread_cond_timedwait(&changed, &mutex, until)
                              : pthread_cond_wait(&changed, &mutex);
    }
    return ended;
}

/* Waits while another thread stops it, with the mutex. */
static void wait_while_it_stops(void) {
    while (state == STOPS) pthread_cond_wait(&changed, &mutex);
}

/* Returns after the thread has ended, or at `until`; NULL: only after it has ended.  Waits without
 * the mutex: the callback may fork, and that takes it. */
static void stop_and_wait(const struct timespec *until) {
    pthread_mutex_lock(&mutex);
    if (state != RUNS) {
        if (until == NULL) wait_while_it_stops();
        pthread_mutex_unlock(&mutex);
        return;
    }
    set_state(STOPS);
    while (write(stop[1], "", 1) < 0 && errno == EINTR) continue;
    const bool has_ended = wait_until_ended(until);
    pthread_mutex_unlock(&mutex);
    if (!has_ended) return;
    pthread_join(thread, NULL);
    pthread_mutex_lock(&mutex);
    close_files();
    set_state(ABSENT);
    pthread_mutex_unlock(&mutex);
}

/* The callback may wait for what the caller of exit() holds. */
static void at_exit(void) {
    struct timespec until;
    if (pthread_equal(pthread_self(), thread)) return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 2;
    stop_and_wait(&until);
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
    if (settings.interval_ms > LONGEST_INTERVAL_MS) settings.interval_ms = LONGEST_INTERVAL_MS;
    return settings;
}

int zmalloc_pressure_start(const zmalloc_pressure_t *given) {
    const zmalloc_pressure_t settings = with_defaults(given);
    if (settings.high_percent > 100 || settings.free_percent > 100) return -1;
    pthread_once(&once, set_up);
    pthread_mutex_lock(&mutex);
    wait_while_it_stops();
    bool started = false;
    if (state == ABSENT && zm_os_pipe(stop)) {
        watched =
            (struct watch){.settings = settings, .stop = stop[0], .psi = zm_os_pressure_open()};
        ended = false;
        started = start_thread();
        if (started) {
            set_state(RUNS);
        } else {
            close_files();
        }
    }
    pthread_mutex_unlock(&mutex);
    return started ? 0 : -1;
}

void zmalloc_pressure_stop(void) { stop_and_wait(NULL); }
