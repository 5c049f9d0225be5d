/* Which allocators are best for a program, as far as a replay of its calls can tell. */
#include <stdarg.h>
#include <string.h>

#include "tools/zreplay/compare.h"

/* Replays were held against real programs, each run under the real allocators.  Of programs with
 * one thread that use what they ask for, the ranking was right where the difference was larger
 * than this. */
#define NO_DIFFERENCE 0.10

/* Runs of a program with several threads differ by so much among themselves: db_bench of RocksDB
 * needed 23 to 35 MiB over glibc.  A recording is one of them.  And its replay may lack so much. */
#define RUNS_DIFFER 0.25

/* A replay that has so much more than the program at its end tells nothing. */
#define MOST_EXCESS 0.50

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

bool as_good(double value, double least, struct bounds bounds) {
    return value + bounds.rest <= (least + bounds.rest) * (1 + bounds.part);
}

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

bool any_worse(const struct run *runs, size_t count, const char *key, double least,
               struct bounds bounds) {
    double value;
    for (size_t i = 0; i < count; i++) {
        if (run_number(&runs[i], key, &value) && !as_good(value, least, bounds)) return true;
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

/* ---- The program itself -------------------------------------------------- */

/* Whether a library's file is an allocator's: libNAME.so, and what follows; libc.so for libc. */
static bool is_library_of(const char *file, const char *name) {
    const char *rest = strncmp(name, "lib", 3) == 0 ? name + 3 : name;
    const size_t length = strlen(rest);
    return strncmp(file, "lib", 3) == 0 && strncmp(file + 3, rest, length) == 0 &&
           strncmp(file + 3 + length, ".so", 3) == 0;
}

/* The replay over the allocator that the recorded program had, or NULL.  A column of the library
 * itself comes first. */
static const struct run *as_recorded(const struct run *runs, size_t count) {
    char file[64];
    run_text(&runs[0], "recorded_over", file, sizeof(file));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(runs[i].name, file) == 0) return &runs[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (is_library_of(file, runs[i].name)) return &runs[i];
    }
    return NULL;
}

/* The program's memory and that of the replay, at one time; false where that is not known. */
struct both {
    const char *name; /* of the allocator */
    double program, replay;
};

static bool find_both(const struct run *runs, size_t count, enum figure figure, struct both *both) {
    const struct run *run = as_recorded(runs, count);
    const bool most = figure == MEMORY;
    *both = (struct both){.name = ""};
    if (!run || figure == TIME || figure == NOT_COMPARED) return false;
    both->name = run->name;
    return run_number(run, most ? "program_rss_most" : "program_rss_end", &both->program) &&
           run_number(run, most ? "rss_at_program_most" : "rss_at_program_end", &both->replay);
}

/* Whether the program is one of several threads. */
static bool several_threads(const struct run *run) {
    return share(run, "events_elsewhere", "events") > ELSEWHERE;
}

#define EXCESS "over %.32s, which the program had, the replay takes %.0f %% more than the program"

/* By what part the replay has more than the program.  A program may have had most between two
 * looks, so that must also hold for the most that was seen of both. */
static double replay_has_more(const struct run *runs, size_t count, enum figure figure,
                              const struct both *both) {
    double more = both->replay / both->program - 1, most;
    if (figure == MEMORY && run_number(as_recorded(runs, count), "rss_most_sampled", &most) &&
        most / both->program - 1 < more) {
        more = most / both->program - 1;
    }
    return more;
}

/* The same where it matters; else 0. */
static double excess(const struct run *runs, size_t count, enum figure figure, struct both *both) {
    if (!find_both(runs, count, figure, both) || both->program <= 0) return 0;
    const double more = replay_has_more(runs, count, figure, both);
    return more > NO_DIFFERENCE ? more : 0;
}

/* Where the replay has more than the program had at its end, it may have so much too much, or too
 * little, over each allocator. */
struct bounds bounds_of(const struct run *runs, size_t count, enum figure figure) {
    struct bounds bounds = {0, NO_DIFFERENCE};
    struct both both;
    if (find_both(runs, count, figure, &both) && both.program > both.replay) {
        bounds.rest = both.program - both.replay;
    }
    if (figure != TIME && several_threads(&runs[0])) bounds.part = RUNS_DIFFER;
    const double more = excess(runs, count, figure, &both);
    if (more > 0) bounds.part = (1 + bounds.part) * (1 + more) * (1 + more) - 1;
    return bounds;
}

/* A replay that has more than the program had is wrong; at the end the difference to others may be
 * so large that this does not matter.  One that has much less is not, unless
 * several threads divided the memory among themselves in another way than in the replay: programs
 * with thousands of short threads do. */
static void doubt_replay(const struct run *runs, size_t count, enum figure figure,
                         char doubt[DOUBT_SIZE]) {
    struct both both;
    if (!find_both(runs, count, figure, &both) || both.program <= 0) return;
    const double more = excess(runs, count, figure, &both);
    const double rest = 1 - both.replay / both.program;
    if (more > (figure == MEMORY ? 0 : MOST_EXCESS)) {
        snprintf(doubt, DOUBT_SIZE, "not known: " EXCESS, both.name, 100 * more);
    } else if (rest > RUNS_DIFFER && several_threads(&runs[0])) {
        snprintf(doubt, DOUBT_SIZE,
                 "not known: over %.32s, which the program had, the replay lacks %.0f %% of the "
                 "program's memory; several threads allocate",
                 both.name, 100 * rest);
    }
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
    bool several = several_threads(run);
    run_text(run, "by_threads", by_threads, sizeof(by_threads));
    if (missing > MISSING * number(run, "events")) {
        snprintf(doubt, DOUBT_SIZE, "not known: at least %.0f calls were not recorded", missing);
    } else if (several && figure == TIME) {
        snprintf(doubt, DOUBT_SIZE,
                 "not known: several threads allocate, and the timed calls are made by one");
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
    if (!several_threads(run)) return;
    snprintf(doubt, DOUBT_SIZE,
             "not known: several threads allocate, and one makes all calls in those 10 s");
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

/* Times are the best of all rounds.  Where the last round still made them less, more rounds would
 * do so again: other programs kept the machine busy. */
static void doubt_rounds(const struct run *runs, size_t count, char doubt[DOUBT_SIZE]) {
    if (number(&runs[0], "rounds") < 2) {
        snprintf(doubt, DOUBT_SIZE, "not known: one round does not tell; use --rounds=2 or more");
    }
    for (size_t i = 0; i < count && !doubt[0]; i++) {
        double before = number(&runs[i], "ns_all_without_last_round");
        double less = before > 0 ? 1 - number(&runs[i], "ns_all") / before : 0;
        if (less <= NO_DIFFERENCE) continue;
        snprintf(doubt, DOUBT_SIZE,
                 "not known: over %.32s the last round still took %.0f %% off; use more --rounds, "
                 "or a quieter machine",
                 runs[i].name, 100 * less);
    }
}

static void doubt_time(const struct run *runs, size_t count, char doubt[DOUBT_SIZE]) {
    double seconds = number(&runs[0], "duration_s"), least, most;
    doubt_rounds(runs, count, doubt);
    if (doubt[0]) return;
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
    if (!doubt[0]) doubt_replay(runs, count, figure, doubt);
    if (!doubt[0] && figure == MEMORY_AT_END) doubt_end(runs, count, "end_rss", doubt);
    if (!doubt[0] && figure == MEMORY_LATER) doubt_later(&runs[0], doubt);
    if (!doubt[0] && figure == MEMORY_LATER) doubt_end(runs, count, "rss_quiet", doubt);
    if (!doubt[0] && figure == TIME) doubt_time(runs, count, doubt);
}

__attribute__((format(printf, 2, 3))) static void append(struct sentence *sentence,
                                                         const char *format, ...) {
    va_list args;
    size_t used = strlen(sentence->text);
    va_start(args, format);
    (void)vsnprintf(sentence->text + used, sizeof(sentence->text) - used, format, args);
    va_end(args);
}

/* Names the allocators that are as good as the least, or the others with what they need more. */
static void name_all(struct sentence *sentence, const struct run *runs, size_t count,
                     const char *key, double least, struct bounds bounds, bool good) {
    const char *separator = good ? "least: " : "; more: ";
    double value, times;
    for (size_t i = 0; i < count; i++) {
        if (!run_number(&runs[i], key, &value) || as_good(value, least, bounds) != good) continue;
        append(sentence, "%s%s", separator, runs[i].name);
        times = (value + bounds.rest) / (least + bounds.rest);
        if (!good && times < 10) append(sentence, " %.0f %%", 100 * (times - 1));
        if (!good && times >= 10) append(sentence, " (%.0f times as much)", times);
        separator = ", ";
    }
}

static void fill_sentence(struct sentence *sentence, enum figure figure, const char *key,
                          const struct run *runs, size_t count) {
    char doubt[DOUBT_SIZE];
    struct both both;
    double least = 0;
    const struct bounds bounds = bounds_of(runs, count, figure);
    const double more = excess(runs, count, figure, &both);
    find_doubt(runs, count, figure, doubt);
    sentence->text[0] = '\0';
    sentence->known = !doubt[0];
    if (count < 2) {
        append(sentence, "there is nothing to compare with");
    } else if (!least_of(runs, count, key, &least) || least <= 0) {
        append(sentence, "not known: no figure");
    } else if (doubt[0]) {
        append(sentence, "%s", doubt);
    } else if (any_worse(runs, count, key, least, bounds)) {
        name_all(sentence, runs, count, key, least, bounds, true);
        name_all(sentence, runs, count, key, least, bounds, false);
        if (more > 0) {
            append(sentence, "; a difference below %.0f %% is not known: " EXCESS,
                   100 * bounds.part, both.name, 100 * more);
        }
    } else if (more > 0) {
        sentence->known = false;
        append(sentence, "not known: " EXCESS, both.name, 100 * more);
    } else {
        append(sentence, bounds.part > NO_DIFFERENCE
                             ? "no difference of 25 %%: runs of several threads may differ by less"
                             : "no difference");
    }
}

/* Holds the replay against the program itself. */
static void tell_program(struct sentence *sentence, const struct run *runs, size_t count) {
    struct both both;
    if (!find_both(runs, count, MEMORY, &both)) return;
    const double program = both.program / 1048576, replay = both.replay / 1048576;
    append(sentence, "at most %.1f MiB (RssAnon), over %s; the replay then has %.1f", program,
           both.name, replay);
    if (program - replay >= 0.05) {
        append(sentence,
               ".  The other %.1f MiB count for every allocator, as if none gave them; so at the "
               "end",
               program - replay);
    }
}

/* Says where jemalloc's background thread gives memory back, and whether it did in the program. */
static void tell_background(struct sentence *sentence, const struct run *runs, size_t count) {
    const bool had_one = run_is_true(&runs[0], "program_background_thread");
    for (size_t i = 0; i < count; i++) {
        if (!run_is_true(&runs[i], "background_thread")) continue;
        append(sentence, "%s%s", sentence->text[0] ? ", " : "", runs[i].name);
    }
    if (sentence->text[0]) {
        append(sentence, ": jemalloc gives memory back in the background, %s the recorded program",
               had_one ? "as in" : "other than in");
    } else if (had_one) {
        append(sentence,
               "the recorded program's jemalloc gave memory back in the background; no column "
               "does");
    }
}

void find_verdict(const struct run *runs, size_t count, struct sentence sentences[SENTENCES]) {
    static const struct {
        const char *subject, *about, *key;
        enum figure figure;
    } all[] = {
        {"memory", "RSS, the most", "rss_most_sampled", MEMORY},
        {"at end", "RSS at the end", "end_rss", MEMORY_AT_END},
        {"later", "RSS 10 s later", "rss_quiet", MEMORY_LATER},
        {"program", "the program itself", NULL, NOT_COMPARED},
        {"time", "time of the calls", "ns_all", TIME},
        {"", "", NULL, NOT_COMPARED},
        {"thread", "background thread", NULL, NOT_COMPARED},
        {"", "", NULL, NOT_COMPARED},
    };
    double least, most;
    bool unknown = false;
    for (size_t i = 0; i < SENTENCES; i++) {
        sentences[i] =
            (struct sentence){.subject = all[i].subject, .about = all[i].about, .known = true};
        if (all[i].key) fill_sentence(&sentences[i], all[i].figure, all[i].key, runs, count);
        unknown = unknown || strncmp(sentences[i].text, "not known", 9) == 0;
    }
    if (unknown) {
        append(&sentences[7],
               "what is not known here, zmeasure can tell: it runs the program itself under each "
               "allocator");
    }
    tell_program(&sentences[3], runs, count);
    tell_background(&sentences[6], runs, count);
    shares_of_time(runs, count, &least, &most);
    if (most <= 0 || !sentences[4].known) return;
    append(&sentences[5], "all calls take %.0f to %.0f %% of the time for which the program ran",
           100 * least, 100 * most);
}

void print_verdict(const struct run *runs, size_t count) {
    static struct sentence sentences[SENTENCES];
    find_verdict(runs, count, sentences);
    printf("verdict\n");
    for (size_t i = 0; i < SENTENCES; i++) {
        if (sentences[i].text[0]) printf("  %-8s%s\n", sentences[i].subject, sentences[i].text);
    }
}
