/* Prints what a trace tells. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/zreplay/stat.h"

static const char *const op_names[ZT_OPS] = {
    [ZT_MALLOC] = "malloc",   [ZT_CALLOC] = "calloc", [ZT_ALIGNED] = "aligned",
    [ZT_REALLOC] = "realloc", [ZT_FREE] = "free",
};

static const char *const life_names[STAT_LIVES] = {
    "below 1 us", "below 10 us", "below 100 us", "below 1 ms",   "below 10 ms", "below 100 ms",
    "below 1 s",  "below 10 s",  "below 100 s",  "below 1000 s", "longer",      "not freed",
};

static double mib(double bytes) { return bytes / 1048576; }

static double percent(uint64_t part, uint64_t all) {
    return all ? 100 * (double)part / (double)all : 0;
}

/* "64 KiB": the most bytes of a row; the last row has no end. */
static const char *size_name(unsigned row, char text[32]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned log2 = row + 4;
    if (row + 1 == STAT_SIZES) return "more";
    snprintf(text, 32, "to %u %s", 1u << log2 % 10, units[log2 / 10]);
    return text;
}

/* What the samples tell of the whole process. */
struct process {
    const struct zt_sample *rss, *anon; /* where each is the most */
    uint64_t cpu, system, minor, major; /* ns; faults */
    uint32_t threads;
};

/* The last sample is of the ended process. */
static bool is_over(const struct zt_sample *sample) { return sample->rss == 0; }

static struct process process_of(const struct trace_stat *stat) {
    const struct zt_sample *last = &stat->sample[stat->samples - 1];
    struct process process = {.rss = stat->sample,
                              .anon = stat->sample,
                              .cpu = last->cpu,
                              .system = last->system,
                              .minor = last->minor_faults,
                              .major = last->major_faults};
    for (size_t i = 0; i < stat->samples; i++) {
        const struct zt_sample *one = &stat->sample[i];
        if (one->rss > process.rss->rss) process.rss = one;
        if (one->rss_anon > process.anon->rss_anon) process.anon = one;
        if (one->threads > process.threads) process.threads = one->threads;
    }
    return process;
}

/* ---- Tables ------------------------------------------------------------- */

static struct stat_blocks of_size(const struct trace_stat *stat, unsigned row) {
    struct stat_blocks sum = {0};
    for (unsigned column = 0; column < STAT_LIVES; column++) {
        sum.blocks += stat->by[row][column].blocks;
        sum.bytes += stat->by[row][column].bytes;
    }
    return sum;
}

static void print_heading(const struct trace_stat *stat, const char *trace) {
    printf("%-24s%s\n%-24s%s, %" PRIu32 " %s\n", "trace", trace, "recorded of", stat->program,
           stat->threads, stat->threads == 1 ? "thread" : "threads");
    printf("%-24s%.3f s, as recorded\n", "time", (double)stat->duration / 1e9);
    printf("%-24s%" PRIu64, "events", stat->events);
    for (int op = 0; op < ZT_OPS; op++) {
        if (stat->calls[op]) printf(", %s %" PRIu64, op_names[op], stat->calls[op]);
    }
    printf("\n");
    if (stat->lost + stat->unseen) {
        printf("%-24sat least %" PRIu64 " calls\n", "not recorded", stat->lost + stat->unseen);
    }
}

static void print_sizes(const struct trace_stat *stat) {
    const struct stat_moment *middle = stat_at(stat, 0.5);
    char text[32];
    printf("\n%-16s%12s%8s%13s%8s%15s%18s\n", "sizes", "blocks", "%", "MiB", "%", "at peak, MiB",
           "since half, MiB");
    for (unsigned row = 0; row < STAT_SIZES; row++) {
        struct stat_blocks sum = of_size(stat, row);
        if (!sum.blocks) continue;
        printf("  %-14s%12" PRIu64 "%8.1f%13.2f%8.1f%15.2f%+18.2f\n", size_name(row, text),
               sum.blocks, percent(sum.blocks, stat->born.blocks), mib((double)sum.bytes),
               percent(sum.bytes, stat->born.bytes), mib((double)stat->peak.bytes[row]),
               mib((double)stat->end.bytes[row] - (double)middle->bytes[row]));
    }
}

static void print_lifetimes(const struct trace_stat *stat) {
    printf("\n%-16s%12s%8s%13s%8s\n", "lifetimes", "blocks", "%", "MiB", "%");
    for (unsigned column = 0; column < STAT_LIVES; column++) {
        struct stat_blocks sum = {0};
        for (unsigned row = 0; row < STAT_SIZES; row++) {
            sum.blocks += stat->by[row][column].blocks;
            sum.bytes += stat->by[row][column].bytes;
        }
        if (!sum.blocks) continue;
        printf("  %-14s%12" PRIu64 "%8.1f%13.2f%8.1f\n", life_names[column], sum.blocks,
               percent(sum.blocks, stat->born.blocks), mib((double)sum.bytes),
               percent(sum.bytes, stat->born.bytes));
    }
}

/* The pair of threads that frees most. */
static void print_pair(const struct trace_stat *stat) {
    unsigned from = 0, by = 0;
    for (unsigned i = 0; i < STAT_THREADS; i++) {
        for (unsigned j = 0; j < STAT_THREADS; j++) {
            bool most = from == by || stat->freed_by[i][j] > stat->freed_by[from][by];
            if (i != j && most) from = i, by = j;
        }
    }
    printf("    most of them          %12" PRIu64 ", of thread %u%s by thread %u%s\n",
           stat->freed_by[from][by], from, from + 1 == STAT_THREADS ? " and later" : "", by,
           by + 1 == STAT_THREADS ? " and later" : "");
}

static void print_frees(const struct trace_stat *stat) {
    uint64_t frees = stat->calls[ZT_FREE];
    printf("\nfrees\n  by the thread itself    %12" PRIu64 "  %.1f %%\n",
           frees - stat->freed_elsewhere, percent(frees - stat->freed_elsewhere, frees));
    printf("  by another thread       %12" PRIu64 "  %.1f %%, %.2f MiB\n", stat->freed_elsewhere,
           percent(stat->freed_elsewhere, frees), mib((double)stat->freed_elsewhere_bytes));
    if (stat->freed_elsewhere) print_pair(stat);
    if (!stat->calls[ZT_REALLOC]) return;
    printf("\nreallocs\n  to more                 %12" PRIu64
           "\n  to less                 %12" PRIu64 "\n  to the same size        %12" PRIu64 "\n",
           stat->grew, stat->shrank, stat->same);
}

static void print_moment(const char *name, const struct stat_moment *moment) {
    printf("  %-22s%10.3f s%12.2f MiB%14" PRIu64 " blocks\n", name, (double)moment->ns / 1e9,
           mib((double)moment->live.bytes), moment->live.blocks);
}

/* The whole process, over the allocator that it had. */
static void print_process(const struct trace_stat *stat) {
    if (stat->samples == 0) return;
    const struct process process = process_of(stat);
    printf("\nthe process itself, sampled %zu times\n", stat->samples);
    printf("  %-22s%10.3f s%12.2f MiB\n", "RssAnon, the most", (double)process.anon->time / 1e9,
           mib((double)process.anon->rss_anon));
    printf("  %-22s%10.3f s%12.2f MiB\n", "RSS, the most", (double)process.rss->time / 1e9,
           mib((double)process.rss->rss));
    printf("  %-22s%10.3f s, of which %.3f s in the kernel; with what recording took\n", "CPU time",
           (double)process.cpu / 1e9, (double)process.system / 1e9);
    printf("  %-22s%10" PRIu64 ", and %" PRIu64 " that read a disk\n", "page faults", process.minor,
           process.major);
    printf("  %-22s%10" PRIu32 "\n", "threads, the most", process.threads);
}

void stat_text(const struct trace_stat *stat, const char *trace) {
    print_heading(stat, trace);
    print_sizes(stat);
    print_lifetimes(stat);
    print_frees(stat);
    printf("\ngrowth: requested bytes in live blocks\n");
    if (stat->moments) {
        print_moment("after a quarter", stat_at(stat, 0.25));
        print_moment("after half", stat_at(stat, 0.5));
        print_moment("after three quarters", stat_at(stat, 0.75));
    }
    print_moment("at the end", &stat->end);
    print_moment("at the peak", &stat->peak);
    print_process(stat);
    if (stat->stacks) call_stacks_text(stat->stacks);
    printf(
        "\nA block has the size that it had last, and lives from malloc to free, reallocs\n"
        "included.  \"since half\": what is live at the end, less what was after half of the "
        "time.\n"
        "Times are those of the recording, which slows a program down.\n");
}

/* ---- JSON --------------------------------------------------------------- */

static void json_rows(const struct trace_stat *stat) {
    const char *separator = "";
    char text[32];
    printf("  \"lifetimes\": [");
    for (unsigned column = 0; column < STAT_LIVES; column++) {
        printf("%s\"%s\"", column ? ", " : "", life_names[column]);
    }
    printf("],\n  \"sizes\": [");
    for (unsigned row = 0; row < STAT_SIZES; row++) {
        if (!of_size(stat, row).blocks) continue;
        printf("%s\n    {\"name\": \"%s\", ", separator, size_name(row, text));
        separator = ",";
        if (row + 1 < STAT_SIZES) printf("\"most_bytes\": %" PRIu64 ", ", UINT64_C(16) << row);
        printf("\"peak_bytes\": %" PRIu64 ", \"end_bytes\": %" PRIu64 ", ", stat->peak.bytes[row],
               stat->end.bytes[row]);
        printf("\"half_bytes\": %" PRIu64 ", \"by_lifetime\": [", stat_at(stat, 0.5)->bytes[row]);
        for (unsigned column = 0; column < STAT_LIVES; column++) {
            const struct stat_blocks *one = &stat->by[row][column];
            printf("%s[%" PRIu64 ", %" PRIu64 "]", column ? ", " : "", one->blocks, one->bytes);
        }
        printf("]}");
    }
    printf("],\n");
}

static void json_threads(const struct trace_stat *stat) {
    unsigned threads = stat->threads < STAT_THREADS ? stat->threads : STAT_THREADS;
    printf("  \"freed_by\": [");
    for (unsigned i = 0; i < threads; i++) {
        printf("%s[", i ? ", " : "");
        for (unsigned j = 0; j < threads; j++) {
            printf("%s%" PRIu64, j ? ", " : "", stat->freed_by[i][j]);
        }
        printf("]");
    }
    printf("],\n  \"freed_elsewhere\": %" PRIu64 ",\n  \"freed_elsewhere_bytes\": %" PRIu64 ",\n",
           stat->freed_elsewhere, stat->freed_elsewhere_bytes);
}

static void json_moment(const struct stat_moment *moment, bool first) {
    printf("%s[%" PRIu64 ", %" PRIu64 ", %" PRIu64 "]", first ? "" : ", ", moment->ns,
           moment->live.bytes, moment->live.blocks);
}

static void json_growth(const struct trace_stat *stat) {
    printf("  \"live\": [");
    for (uint32_t i = 0; i < stat->moments; i++) json_moment(&stat->moment[i], i == 0);
    json_moment(&stat->end, stat->moments == 0);
    printf("],\n  \"peak\": ");
    json_moment(&stat->peak, true);
    printf("\n");
}

static void json_samples(const struct trace_stat *stat) {
    for (size_t i = 0; i < stat->samples; i++) {
        const struct zt_sample *one = &stat->sample[i];
        if (is_over(one)) break;
        printf("%s[%.3f, %" PRIu64 ", %" PRIu64 ", %.3f, %" PRIu32 "]", i ? ", " : "",
               (double)one->time / 1e6, one->rss_anon, one->rss, (double)one->cpu / 1e6,
               one->threads);
    }
}

static void json_process(const struct trace_stat *stat) {
    if (stat->samples == 0) {
        printf("  \"process\": null,\n");
        return;
    }
    const struct process process = process_of(stat);
    printf("  \"process\": {\"rss_most\": %" PRIu64 ", \"rss_anon_most\": %" PRIu64
           ", \"cpu_s\": %.6f, \"system_s\": %.6f,\n",
           process.rss->rss, process.anon->rss_anon, (double)process.cpu / 1e9,
           (double)process.system / 1e9);
    printf("    \"minor_faults\": %" PRIu64 ", \"major_faults\": %" PRIu64
           ", \"threads_most\": %" PRIu32 ",\n",
           process.minor, process.major, process.threads);
    printf(
        "    \"samples_are\": [\"ms\", \"rss_anon\", \"rss\", \"cpu_ms\", \"threads\"],\n"
        "    \"samples\": [");
    json_samples(stat);
    printf("]},\n");
}

void stat_json(const struct trace_stat *stat, const char *trace) {
    printf("{\n  \"trace\": ");
    cli_json_string(trace);
    printf(",\n  \"program\": ");
    cli_json_string(stat->program);
    printf(",\n  \"duration_s\": %.6f,\n  \"threads\": %" PRIu32 ",\n  \"truncated\": %s,\n",
           (double)stat->duration / 1e9, stat->threads, stat->truncated ? "true" : "false");
    printf("  \"gaps\": ");
    gaps_json(stat->gaps);
    printf(",\n  \"lost_events\": %" PRIu64 ",\n  \"unseen_calls\": %" PRIu64
           ",\n  \"events\": %" PRIu64 ",\n",
           stat->lost, stat->unseen, stat->events);
    for (int op = 0; op < ZT_OPS; op++) {
        printf("  \"calls_%s\": %" PRIu64 ",\n", op_names[op], stat->calls[op]);
    }
    printf("  \"blocks\": %" PRIu64 ",\n  \"bytes\": %" PRIu64 ",\n", stat->born.blocks,
           stat->born.bytes);
    json_rows(stat);
    json_threads(stat);
    printf("  \"realloc_grew\": %" PRIu64 ",\n  \"realloc_shrank\": %" PRIu64
           ",\n  \"realloc_same\": %" PRIu64 ",\n",
           stat->grew, stat->shrank, stat->same);
    json_process(stat);
    if (stat->stacks) {
        printf("  \"call_stacks\": ");
        call_stacks_json(stat->stacks);
        printf(",\n");
    }
    json_growth(stat);
    printf("}\n");
}
