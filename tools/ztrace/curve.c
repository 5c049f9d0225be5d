#include "tools/ztrace/curve.h"

#include <stdbool.h>
#include <sys/mman.h>

#include "tools/common/proc.h"

/* Between two samples, at first.  A sample takes some 50 us of CPU time. */
#define FIRST_PAUSE_NS 20000000

void curve_open(struct curve *curve, int raw_fd) {
    void *map = mmap(NULL, RAW_BEGIN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, raw_fd, 0);
    *curve = (struct curve){.pause_ns = FIRST_PAUSE_NS};
    if (map == MAP_FAILED) return;
    curve->header = map;
    curve->sample = (struct zt_sample *)((char *)map + RAW_HEADER_SIZE);
}

void curve_close(struct curve *curve) {
    if (curve->header) munmap(curve->header, RAW_BEGIN_SIZE);
}

static uint64_t since_start(const struct curve *curve) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return ns > curve->header->start_ns ? ns - curve->header->start_ns : 0;
}

/* Of two samples keeps the one with more memory: a peak stays. */
static void thin_out(struct curve *curve) {
    struct zt_sample *sample = curve->sample;
    uint32_t count = RAW_MAX_SAMPLES / 2;
    for (uint32_t i = 0; i < count; i++) {
        const struct zt_sample *two = &sample[(size_t)2 * i];
        sample[i] = two[two[1].rss_anon >= two[0].rss_anon];
    }
    atomic_store(&curve->header->samples, count);
    curve->pause_ns *= 2;
}

static void append(struct curve *curve, const struct zt_sample *sample) {
    if (curve->header->samples == RAW_MAX_SAMPLES) thin_out(curve);
    uint32_t count = curve->header->samples;
    /* The parts of CPU time are counted in different ways, and may seem to shrink. */
    if (count && !zt_sample_follows(&curve->sample[count - 1], sample)) return;
    curve->sample[count] = *sample;
    atomic_store(&curve->header->samples, count + 1);
}

/* Notes whether the process has jemalloc's background thread, which gives memory back while the
 * program makes no calls. */
static void look_for_background(struct curve *curve, pid_t pid, uint64_t threads, uint64_t now) {
    struct raw_header *header = curve->header;
    const char name[] = "jemalloc_bg_thd";
    enum { MOST_LOOKS = 10 };
    bool there = curve->background && proc_is_thread(pid, curve->background, name);
    /* A thread gets its name some time after it began. */
    if (threads != curve->threads) curve->looks = MOST_LOOKS;
    curve->threads = threads;
    if (!there && curve->looks > 0) {
        curve->background = proc_find_thread(pid, name);
        there = curve->background != 0;
        curve->looks--;
    }
    if (there) {
        if (!header->background_first_ns) header->background_first_ns = now ? now : 1;
        header->background_last_ns = now ? now : 1;
    }
    header->background_missed = there ? 0 : header->background_missed + 1;
}

/* `ended`: its memory is gone, the rest is there. */
static void take_sample(struct curve *curve, pid_t pid, bool ended) {
    struct proc_memory memory = {0};
    struct proc_usage usage;
    struct zt_sample sample = {.time = since_start(curve)};
    if (!ended && !proc_memory(pid, &memory)) return;
    if (!proc_usage(pid, &usage)) return;
    if (!ended) look_for_background(curve, pid, memory.threads, sample.time);
    sample.rss = memory.rss;
    sample.rss_anon = memory.rss_anon;
    sample.threads = (uint32_t)memory.threads;
    sample.cpu = (uint64_t)(proc_cpu(pid) * 1e9);
    sample.system = (uint64_t)(usage.system * 1e9);
    sample.minor_faults = usage.minor_faults;
    sample.major_faults = usage.major_faults;
    append(curve, &sample);
}

/* How long a program that makes calls has to stop the recording itself: it knows more. */
#define STOP_DELAY_NS 100000000

static bool has_stopped(const struct curve *curve) {
    struct raw_header *header = curve->header;
    uint32_t none = RAW_GOES_ON;
    uint64_t now = header->start_ns + since_start(curve);
    if (now >= STOP_DELAY_NS && now - STOP_DELAY_NS >= header->until_ns) {
        atomic_compare_exchange_strong(&header->stopped, &none,
                                       header->asked ? RAW_LEFT : RAW_TIME_OVER);
    }
    return atomic_load(&header->stopped) != RAW_GOES_ON;
}

struct timespec curve_look(struct curve *curve, pid_t pid) {
    if (!curve->header || curve->header->paused || has_stopped(curve)) {
        return (struct timespec){.tv_sec = 1};
    }
    uint64_t now = since_start(curve);
    if (now >= curve->next_ns) {
        take_sample(curve, pid, false);
        curve->next_ns = now + curve->pause_ns;
    }
    uint64_t pause = curve->next_ns - now;
    return (struct timespec){(time_t)(pause / 1000000000), (long)(pause % 1000000000)};
}

void curve_end(struct curve *curve, pid_t pid) {
    if (!curve->header || curve->header->paused) return;
    if (!has_stopped(curve)) take_sample(curve, pid, true);
}

/* Time begins now. */
void curve_begin(struct curve *curve) {
    struct raw_header *header = curve->header;
    if (!header || !header->paused) return;
    const uint64_t waited = since_start(curve);
    header->paused_ns = waited;
    if (header->until_ns != UINT64_MAX) header->until_ns += waited;
    header->start_ns += waited;
    header->start_time = (int64_t)time(NULL);
    atomic_store(&header->paused, 0);
}

/* A recording that is still paused never begins. */
void curve_ask(struct curve *curve) {
    struct raw_header *header = curve->header;
    if (!header) return;
    header->until_ns = header->start_ns + since_start(curve);
    atomic_store(&header->asked, 1);
}
