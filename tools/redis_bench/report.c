#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/redis_bench/bench.h"
#include "tools/zmeasure/stats.h"

static double ratio(double ours, double own) { return own > 0 ? ours / own : 0; }

/* The ratios ours / own of the rounds. */
static struct difference compare(const struct line *line, enum measure measure, uint64_t rounds) {
    return stats_compare(line->rounds[OWN][measure], line->rounds[OURS][measure], (size_t)rounds);
}

/* The ratio is unknown where a figure is 0, its interval where rounds are few. */
static void print_compared(struct difference found) {
    if (!found.relative) {
        printf(" %5s %9s", "-", "-");
    } else if (found.pairs < STATS_FEWEST) {
        printf(" %5.2f %9s", 1 + found.median, "-");
    } else {
        printf(" %5.2f %4.2f-%4.2f", 1 + found.median, 1 + found.low, 1 + found.high);
    }
}

static void print_line(const struct line *line, uint64_t rounds) {
    static const int digits[MEASURES] = {[RPS] = 0, [CPU] = 3, [P99] = 3};
    printf("  %-16s", line->name);
    for (int m = 0; m < MEASURES; m++) {
        double own = stats_median(line->rounds[OWN][m], rounds);
        double ours = stats_median(line->rounds[OURS][m], rounds);
        int width = m == RPS ? 8 : 6;
        printf("  %*.*f %*.*f", width, digits[m], own, width, digits[m], ours);
        print_compared(compare(line, (enum measure)m, rounds));
    }
    printf("\n");
}

static void print_memory(const struct section *section) {
    static const char *const labels[FIGURES] = {
        [USED] = "used_memory, MiB",
        [RSS] = "RSS, MiB",
        [FRAGMENTATION] = "mem_fragmentation_ratio",
        [ALLOCATOR_FRAGMENTATION] = "allocator_frag_ratio",
    };
    for (int f = 0; f < FIGURES; f++) {
        double unit = f == USED || f == RSS ? 1048576 : 1;
        double own = section->memory[OWN][f], ours = section->memory[OURS][f];
        printf("  %-24s  %8.2f %8.2f %5.2f\n", labels[f], own / unit, ours / unit,
               ratio(ours, own));
    }
}

void print_table(const struct options *options, const struct section *sections, size_t count,
                 const char allocators[BUILDS][64]) {
    printf("own:  %s with its own zmalloc, over %s\n", options->server, allocators[OWN]);
    printf("ours: %s with //zmalloc, over %s\n", options->server, allocators[OURS]);
    printf("%llu keys; medians of %llu rounds, each server in turn\n\n",
           (unsigned long long)options->keys, (unsigned long long)options->rounds);
    printf("%-18s  %-33s  %-29s  %s\n", "", "           requests/s", "     CPU, us a request",
           "          p99, ms");
    printf("%-18s", "");
    for (int m = 0; m < MEASURES; m++) {
        int width = m == RPS ? 8 : 6;
        printf("  %*s %*s %5s %9s", width, "own", width, "ours", "ratio", "95 %");
    }
    printf("\n");
    for (size_t s = 0; s < count; s++) {
        printf("%d io-thread%s\n", sections[s].io_threads, sections[s].io_threads > 1 ? "s" : "");
        for (int i = 0; i < LINES; i++) print_line(&sections[s].lines[i], options->rounds);
        print_memory(&sections[s]);
    }
}

static void print_measures(const struct line *line, enum build build, uint64_t rounds) {
    printf("{\"rps\": %.2f, \"cpu_us\": %.3f, \"p99_ms\": %.3f}",
           stats_median(line->rounds[build][RPS], rounds),
           stats_median(line->rounds[build][CPU], rounds),
           stats_median(line->rounds[build][P99], rounds));
}

static void print_figures(const double memory[FIGURES]) {
    printf(
        "{\"used_memory\": %.0f, \"used_memory_rss\": %.0f, \"mem_fragmentation_ratio\": %.2f, "
        "\"allocator_frag_ratio\": %.2f}",
        memory[USED], memory[RSS], memory[FRAGMENTATION], memory[ALLOCATOR_FRAGMENTATION]);
}

/* The ratio of one measure, with what is known of it. */
static void print_ratio(const char *name, struct difference found) {
    printf(", \"%s\": {", name);
    if (found.relative) printf("\"ratio\": %.4f", 1 + found.median);
    if (found.relative && found.pairs >= STATS_FEWEST)
        printf(", \"low\": %.4f, \"high\": %.4f", 1 + found.low, 1 + found.high);
    printf("}");
}

static void print_json_section(const struct section *section, uint64_t rounds) {
    printf("{\"io_threads\": %d, \"lines\": [", section->io_threads);
    for (int i = 0; i < LINES; i++) {
        const struct line *line = &section->lines[i];
        printf("%s\n    {\"test\": \"%s\", \"pipeline\": %d, \"requests\": %llu, \"own\": ",
               i ? "," : "", line->test, line->pipeline, (unsigned long long)line->requests);
        print_measures(line, OWN, rounds);
        printf(", \"ours\": ");
        print_measures(line, OURS, rounds);
        print_ratio("rps_ratio", compare(line, RPS, rounds));
        print_ratio("cpu_ratio", compare(line, CPU, rounds));
        print_ratio("p99_ratio", compare(line, P99, rounds));
        printf("}");
    }
    printf("],\n   \"memory\": {\"own\": ");
    print_figures(section->memory[OWN]);
    printf(", \"ours\": ");
    print_figures(section->memory[OURS]);
    printf("}}");
}

void print_json(const struct options *options, const struct section *sections, size_t count,
                const char allocators[BUILDS][64]) {
    printf("{\n  \"server\": \"%s\",\n  \"own\": ", options->server);
    cli_json_string(allocators[OWN]);
    printf(",\n  \"ours\": ");
    cli_json_string(allocators[OURS]);
    printf(",\n  \"keys\": %llu,\n  \"rounds\": %llu,\n  \"sections\": [",
           (unsigned long long)options->keys, (unsigned long long)options->rounds);
    for (size_t s = 0; s < count; s++) {
        printf("%s\n   ", s ? "," : "");
        print_json_section(&sections[s], options->rounds);
    }
    printf("]\n}\n");
}
