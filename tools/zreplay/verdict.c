/* Which allocators are best for a program, as far as a replay of its calls can tell. */
#include <string.h>

#include "tools/zreplay/compare.h"

/* Replays were held against real programs, each run under the real allocators.  Of programs with
 * one thread that use what they ask for, the ranking was right where the difference was larger
 * than this. */
#define NO_DIFFERENCE 0.10

/* Shares from which on the replay differs too much from the program. */
#define ELSEWHERE 0.05 /* of events, outside the busiest thread */
#define LARGE 0.25     /* of the bytes at the peak, in large blocks */
#define MISSING 0.01   /* of events, not recorded */

/* The share of the program's time below which a difference does not matter. */
#define LITTLE 0.02

/* What the kernel takes to give a fresh page, in ns, about; and the share of the calls' time from
 * which on it matters who is charged for it. */
#define NS_OF_A_PAGE 500
#define FRESH 0.25

/* The program's seconds from which on allocators give memory back while it runs. */
#define LONG 1.0

bool as_good(double value, double least) { return value <= least * (1 + NO_DIFFERENCE); }

bool least_of(const struct run *runs, size_t count, const char *key, double *least) {
    bool found = false;
    double value;
    for (size_t i = 0; i < count; i++) {
        if (!run_number(&runs[i], key, &value) || (found && value >= *least)) continue;
        *least = value;
        found = true;
    }
    return found;
}

bool any_worse(const struct run *runs, size_t count, const char *key, double least) {
    double value;
    for (size_t i = 0; i < count; i++) {
        if (run_number(&runs[i], key, &value) && !as_good(value, least)) return true;
    }
    return false;
}

static double number(const struct run *run, const char *key) {
    double value = 0;
    (void)run_number(run, key, &value);
    return value;
}

static double share(const struct run *run, const char *part, const char *whole) {
    double all = number(run, whole);
    return all > 0 ? number(run, part) / all : 0;
}

/* What all calls of the trace take, in ns. */
static double ns_of_all(const struct run *run) {
    return number(run, "ns_all") * number(run, "events");
}

/* The least and the most of the program's time that all its calls take, by any allocator.  The
 * program's time is that of its recording, idle time included. */
static void shares_of_time(const struct run *runs, size_t count, double *least, double *most) {
    double seconds = number(&runs[0], "duration_s");
    *least = *most = 0;
    for (size_t i = 0; i < count && seconds > 0; i++) {
        double part = ns_of_all(&runs[i]) / 1e9 / seconds;
        if (i == 0 || part < *least) *least = part;
        if (part > *most) *most = part;
    }
}

/* The trace lacks what would be needed. */
static void doubt_trace(const struct run *run, enum figure figure, char doubt[DOUBT_SIZE]) {
    char by_threads[8];
    double missing = number(run, "lost_events") + number(run, "unseen_calls");
    bool several = share(run, "events_elsewhere", "events") > ELSEWHERE;
    run_text(run, "by_threads", by_threads, sizeof(by_threads));
    if (missing > MISSING * number(run, "events")) {
        snprintf(doubt, DOUBT_SIZE, "not known: at least %.0f calls were not recorded", missing);
    } else if (several && figure == TIME) {
        snprintf(doubt, DOUBT_SIZE, "not known: several threads allocate, and one is timed");
    } else if (several && strncmp(by_threads, "true", 4) != 0) {
        snprintf(doubt, DOUBT_SIZE,
                 "not known: several threads allocate, and the replay has one thread");
    }
}

/* Whether the rounds of a run differ by more than what matters, and by how much. */
static bool rounds_differ(const struct run *run, const char *key, double *more) {
    char name[64];
    snprintf(name, sizeof(name), "%.50s_low", key);
    double low = number(run, name);
    snprintf(name, sizeof(name), "%.50s_high", key);
    double high = number(run, name);
    *more = low > 0 ? high / low - 1 : 0;
    return *more > NO_DIFFERENCE;
}

static void doubt_memory(const struct run *runs, size_t count, char doubt[DOUBT_SIZE]) {
    double more;
    double large = share(&runs[0], "peak_large", "peak_requested");
    if (large > LARGE) {
        snprintf(
            doubt, DOUBT_SIZE,
            "not known: %.0f %% of its bytes are in blocks of 64 KiB and more, and whether the "
            "program used all of them is not known",
            100 * large);
    }
    for (size_t i = 0; i < count && !doubt[0]; i++) {
        if (rounds_differ(&runs[i], "rss_most_sampled", &more)) {
            snprintf(doubt, DOUBT_SIZE,
                     "not known: over %.32s one round took %.0f %% more than another", runs[i].name,
                     100 * more);
        }
    }
}

/* Recording slows a program down, so that more time passes in which memory is given back.  Several
 * rounds tell whether that matters. */
static void doubt_end(const struct run *runs, size_t count, const char *key,
                      char doubt[DOUBT_SIZE]) {
    double seconds = number(&runs[0], "duration_s"), more, unused;
    if (!run_number(&runs[0], "rss_quiet", &unused)) {
        if (seconds <= LONG) return;
        snprintf(doubt, DOUBT_SIZE,
                 "not known: the program had %.0f s in which allocators give memory back", seconds);
    } else if (number(&runs[0], "rounds") < 2 && seconds > LONG) {
        snprintf(doubt, DOUBT_SIZE, "not known: one round does not tell; use --rounds=2 or more");
    }
    for (size_t i = 0; i < count && !doubt[0]; i++) {
        if (!rounds_differ(&runs[i], key, &more)) continue;
        snprintf(doubt, DOUBT_SIZE,
                 "not known: over %.32s rounds differ by %.0f %%, as recording slowed the program "
                 "or by chance",
                 runs[i].name, 100 * more);
    }
}

/* One thread makes the calls of the time after the last event; what other threads keep stays. */
static void doubt_later(const struct run *run, char doubt[DOUBT_SIZE]) {
    if (share(run, "events_elsewhere", "events") <= ELSEWHERE) return;
    snprintf(doubt, DOUBT_SIZE, "not known: several threads allocate, and one goes on");
}

/* The kernel gives memory to the calls of one allocator, which writes to fresh pages itself, and to
 * the program's own writes with another.  So far only the calls are timed. */
static bool fresh_pages_matter(const struct run *runs, size_t count) {
    double most_pages = 0, least_ns = 0;
    for (size_t i = 0; i < count; i++) {
        double ns = ns_of_all(&runs[i]);
        double pages = number(&runs[i], "rss_most_sampled") / 4096;
        if (i == 0 || ns < least_ns) least_ns = ns;
        if (pages > most_pages) most_pages = pages;
    }
    return most_pages * NS_OF_A_PAGE > FRESH * least_ns;
}

static void doubt_time(const struct run *runs, size_t count, char doubt[DOUBT_SIZE]) {
    double seconds = number(&runs[0], "duration_s"), least, most;
    shares_of_time(runs, count, &least, &most);
    if (seconds > 0 && most - least < LITTLE) {
        snprintf(
            doubt, DOUBT_SIZE,
            "no difference: all calls take %.1f to %.1f %% of the time for which the program ran",
            100 * least, 100 * most);
    } else if (fresh_pages_matter(runs, count)) {
        snprintf(doubt, DOUBT_SIZE,
                 "not known: fresh pages cost as much as the calls, and only the calls are timed");
    }
}

void find_doubt(const struct run *runs, size_t count, enum figure figure, char doubt[DOUBT_SIZE]) {
    doubt[0] = '\0';
    doubt_trace(&runs[0], figure, doubt);
    if (!doubt[0] && figure != TIME) doubt_memory(runs, count, doubt);
    if (!doubt[0] && figure == MEMORY_AT_END) doubt_end(runs, count, "end_rss", doubt);
    if (!doubt[0] && figure == MEMORY_LATER) doubt_later(&runs[0], doubt);
    if (!doubt[0] && figure == MEMORY_LATER) doubt_end(runs, count, "rss_quiet", doubt);
    if (!doubt[0] && figure == TIME) doubt_time(runs, count, doubt);
}

/* Prints the allocators that are as good as the least, or the others with what they need more. */
static void print_names(const struct run *runs, size_t count, const char *key, double least,
                        bool good) {
    const char *separator = good ? "least: " : "; more: ";
    double value;
    for (size_t i = 0; i < count; i++) {
        if (!run_number(&runs[i], key, &value) || as_good(value, least) != good) continue;
        printf("%s%s", separator, runs[i].name);
        if (!good) printf(" %.0f %%", 100 * (value / least - 1));
        separator = ", ";
    }
}

/* Returns whether the replay can tell. */
static bool print_sentence(const char *subject, enum figure figure, const char *key,
                           const struct run *runs, size_t count) {
    char doubt[DOUBT_SIZE];
    double least = 0;
    find_doubt(runs, count, figure, doubt);
    printf("  %-8s", subject);
    if (!least_of(runs, count, key, &least) || least <= 0) {
        printf("not known: no figure");
    } else if (doubt[0]) {
        printf("%s", doubt);
    } else if (!any_worse(runs, count, key, least)) {
        printf("no difference");
    } else {
        print_names(runs, count, key, least, true);
        print_names(runs, count, key, least, false);
    }
    printf("\n");
    return !doubt[0];
}

void print_verdict(const struct run *runs, size_t count) {
    double least, most;
    printf("verdict\n");
    (void)print_sentence("memory", MEMORY, "rss_most_sampled", runs, count);
    (void)print_sentence("at end", MEMORY_AT_END, "end_rss", runs, count);
    (void)print_sentence("later", MEMORY_LATER, "rss_quiet", runs, count);
    bool known = print_sentence("time", TIME, "ns_all", runs, count);
    shares_of_time(runs, count, &least, &most);
    if (most > 0 && known) {
        printf("          all calls take %.0f to %.0f %% of the time for which the program ran\n",
               100 * least, 100 * most);
    }
}
