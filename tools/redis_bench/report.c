#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/redis_bench/bench.h"

static int by_value(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The median; *spread is the distance of the extremes, as a part of it. */
static double median(const double *rounds, uint64_t count, double *spread) {
    double sorted[MAX_ROUNDS];
    memcpy(sorted, rounds, count * sizeof(*rounds));
    qsort(sorted, count, sizeof(*sorted), by_value);
    double middle = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    if (spread != NULL) *spread = middle > 0 ? (sorted[count - 1] - sorted[0]) / middle : 0;
    return middle;
}

static double ratio(double ours, double own) { return own > 0 ? ours / own : 0; }

/* Half the spread of the server whose rounds differ more. */
static double noise(const struct line *line, enum measure measure, uint64_t rounds) {
    double own, ours;
    median(line->rounds[OWN][measure], rounds, &own);
    median(line->rounds[OURS][measure], rounds, &ours);
    return (own > ours ? own : ours) / 2;
}

static void print_line(const struct line *line, uint64_t rounds) {
    static const int digits[MEASURES] = {[RPS] = 0, [CPU] = 3, [P99] = 3};
    printf("  %-16s", line->name);
    for (int m = 0; m < MEASURES; m++) {
        double own = median(line->rounds[OWN][m], rounds, NULL);
        double ours = median(line->rounds[OURS][m], rounds, NULL);
        printf("  %*.*f %*.*f %5.2f", m == RPS ? 8 : 6, digits[m], own, m == RPS ? 8 : 6, digits[m],
               ours, ratio(ours, own));
        printf(" %4.0f%%", 100 * noise(line, (enum measure)m, rounds));
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
    printf("%-18s  %-29s  %-25s  %s\n", "", "         requests/s", "   CPU, us a request",
           "         p99, ms");
    printf("%-18s", "");
    for (int m = 0; m < MEASURES; m++) {
        int width = m == RPS ? 8 : 6;
        printf("  %*s %*s %5s %5s", width, "own", width, "ours", "ratio", "noise");
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
           median(line->rounds[build][RPS], rounds, NULL),
           median(line->rounds[build][CPU], rounds, NULL),
           median(line->rounds[build][P99], rounds, NULL));
}

static void print_figures(const double memory[FIGURES]) {
    printf(
        "{\"used_memory\": %.0f, \"used_memory_rss\": %.0f, \"mem_fragmentation_ratio\": %.2f, "
        "\"allocator_frag_ratio\": %.2f}",
        memory[USED], memory[RSS], memory[FRAGMENTATION], memory[ALLOCATOR_FRAGMENTATION]);
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
        printf(", \"rps_noise\": %.4f, \"cpu_noise\": %.4f, \"p99_noise\": %.4f}",
               noise(line, RPS, rounds), noise(line, CPU, rounds), noise(line, P99, rounds));
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
