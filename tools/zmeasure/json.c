/* The same for programs. */
#include <math.h>
#include <stdio.h>

#include "tools/zmeasure/measure.h"

static void number(FILE *file, double value) {
    if (isfinite(value)) {
        fprintf(file, "%.10g", value);
    } else {
        fprintf(file, "null");
    }
}

static void numbers(FILE *file, const double *values, size_t count) {
    fprintf(file, "[");
    for (size_t i = 0; i < count; i++) {
        if (i) fprintf(file, ", ");
        number(file, values[i]);
    }
    fprintf(file, "]");
}

static void text(FILE *file, const char *key, const char *value) {
    fprintf(file, "\"%s\": ", key);
    if (value) {
        cli_json_string_to(file, value);
    } else {
        fprintf(file, "null");
    }
}

static void difference(FILE *file, const struct verdict *verdict) {
    const struct difference *one = &verdict->difference;
    fprintf(file,
            ", \"difference\": {\"relative\": %s, \"median\": ", one->relative ? "true" : "false");
    number(file, one->median);
    fprintf(file, ", \"low\": ");
    number(file, one->low);
    fprintf(file, ", \"high\": ");
    number(file, one->high);
    fprintf(file, ", \"chance\": ");
    number(file, one->chance);
    fprintf(file, ", ");
    text(file, "word", word_text(verdict->word));
    fprintf(file, "}");
}

/* The baseline has verdicts without pairs. */
static void figures(FILE *file, const struct measurement *measurement,
                    const struct verdict *verdicts, size_t column) {
    const struct options *options = measurement->options;
    double values[MOST_RUNS];
    const char *separator = "";
    fprintf(file, "\"figures\": {");
    for (size_t f = 0; f < figure_count(options); f++) {
        if (!figure_known(measurement, f)) continue;
        size_t count = figure_values(measurement, column, f, values);
        fprintf(file, "%s\n      ", separator);
        separator = ",";
        cli_json_string_to(file, figure_row(options, f)->key);
        fprintf(file, ": {\"median\": ");
        number(file, stats_median(values, count));
        fprintf(file, ", \"runs\": ");
        numbers(file, values, count);
        if (verdicts[f].difference.pairs > 0) difference(file, &verdicts[f]);
        fprintf(file, "}");
    }
    fprintf(file, "}");
}

static void samples(FILE *file, const struct measurement *measurement, size_t column) {
    const struct column *one = &measurement->columns[column];
    size_t runs = one->failed[0] ? 0 : measurement->options->runs;
    fprintf(file, ",\n    \"samples\": [");
    for (size_t r = 0; r < runs; r++) {
        const struct outcome *outcome = &one->runs[r];
        fprintf(file, "%s\n      {\"load_begin_seconds\": %.4g, \"load_end_seconds\": %.4g, ",
                r ? "," : "", outcome->load_begin, outcome->load_end);
        fprintf(file, "\"seconds\": [");
        for (size_t i = 0; i < outcome->sample_count; i++) {
            fprintf(file, "%s%.4f", i ? "," : "", outcome->samples[i].seconds);
        }
        fprintf(file, "], \"rss_anon_bytes\": [");
        for (size_t i = 0; i < outcome->sample_count; i++) {
            fprintf(file, "%s%.0f", i ? "," : "", outcome->samples[i].anon);
        }
        fprintf(file, "]}");
    }
    fprintf(file, "]");
}

static void column(FILE *file, const struct measurement *measurement,
                   const struct verdicts *verdicts, size_t number, bool with_samples) {
    const struct column *one = &measurement->columns[number];
    fprintf(file, "%s\n   {", number ? "," : "");
    text(file, "name", one->variant.name);
    fprintf(file, ", ");
    variant_json(file, &one->variant);
    fprintf(file, ", ");
    text(file, "failed", one->failed[0] ? one->failed : NULL);
    fprintf(file, ",\n    ");
    figures(file, measurement, verdicts->of[number], number);
    if (with_samples) samples(file, measurement, number);
    fprintf(file, "}");
}

static void labels(FILE *file, const struct measurement *measurement) {
    static const char *const units[] = {"bytes", "seconds", "count", "number"};
    static const char *const better[] = {"less", "more", "unknown"};
    const char *separator = "";
    fprintf(file, "  \"labels\": {");
    for (size_t f = 0; f < figure_count(measurement->options); f++) {
        const struct figure_row *row = figure_row(measurement->options, f);
        if (!figure_known(measurement, f)) continue;
        fprintf(file, "%s\n    ", separator);
        separator = ",";
        cli_json_string_to(file, row->key);
        fprintf(file, ": {");
        text(file, "label", row->label);
        fprintf(file, ", \"unit\": \"%s\", \"better\": \"%s\", \"main\": %s}", units[row->unit],
                better[row->better], row->main ? "true" : "false");
    }
    fprintf(file, "},\n");
}

static void how(FILE *file, const struct measurement *measurement) {
    const struct options *options = measurement->options;
    struct noise noise = measure_noise(measurement);
    fprintf(file, "{\n  \"program\": [");
    for (size_t i = 0; options->command[i]; i++) {
        if (i) fprintf(file, ", ");
        cli_json_string_to(file, options->command[i]);
    }
    fprintf(file, "],\n  ");
    text(file, "load", options->load);
    fprintf(file, ",\n  ");
    text(file, "ready", options->ready);
    fprintf(file, ",\n  \"idle_seconds\": %g,\n  \"runs\": %llu,\n  \"warmup_runs\": %llu,\n",
            options->idle_seconds, (unsigned long long)options->runs,
            (unsigned long long)options->warmups);
    fprintf(file, "  \"seconds\": %.1f,\n  \"noise\": {\"other_processes\": %.4f, ",
            measurement->seconds, noise.other);
    fprintf(file, "\"other_processes_most\": %.4f, \"stolen_most\": %.4f, ", noise.other_most,
            noise.stolen_most);
    fprintf(file, "\"preemptions_per_cpu_second\": ");
    number(file, noise.preempted);
    fprintf(file, "},\n");
}

static void malloc_part(FILE *file, const struct measurement *measurement) {
    const struct malloc_part *part = &measurement->malloc_part;
    fprintf(file, "{");
    text(file, "of", measurement->columns[0].variant.name);
    fprintf(file, ", \"part\": ");
    number(file, part->part);
    fprintf(file, ", \"low\": ");
    number(file, part->low);
    fprintf(file, ", \"high\": ");
    number(file, part->high);
    fprintf(file, ", \"samples\": %zu, ", part->samples);
    text(file, "unknown", part->unknown[0] ? part->unknown : NULL);
    fprintf(file, "}");
}

void report_json(FILE *file, const struct measurement *measurement, const struct verdicts *verdicts,
                 bool with_samples) {
    how(file, measurement);
    fprintf(file, "  \"notes\": [");
    for (size_t i = 0; i < measurement->note_count; i++) {
        if (i) fprintf(file, ", ");
        cli_json_string_to(file, measurement->notes[i]);
    }
    fprintf(file, "],\n");
    labels(file, measurement);
    fprintf(file, "  \"columns\": [");
    for (size_t c = 0; c < measurement->count; c++) {
        column(file, measurement, verdicts, c, with_samples);
    }
    fprintf(file, "],\n  \"compared_main\": %zu,\n  \"compared_others\": %zu,\n  ",
            verdicts->compared, verdicts->compared_rest);
    fprintf(file, "\"malloc_cpu_part\": ");
    malloc_part(file, measurement);
    fprintf(file, ",\n  ");
    text(file, "sentence", verdicts->sentence);
    fprintf(file, "\n}\n");
}
