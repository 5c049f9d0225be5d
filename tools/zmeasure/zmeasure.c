/* Runs a program under each allocator, and says which suits it. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/proc.h"
#include "tools/common/svg.h"
#include "tools/zmeasure/measure.h"

static const char help[] =
    "Usage: zmeasure [options] PROGRAM [ARGUMENT]...\n"
    "Runs PROGRAM under each allocator, in turns, and says which suits it: memory, CPU, time.\n"
    "Nothing is recorded, and PROGRAM needs no change.\n"
    "\n"
    "      --load=COMMAND    PROGRAM is a server: run this shell command against it, then end it\n"
    "                        by SIGTERM.  Let the command do a fixed amount of work\n"
    "      --ready=COMMAND   before the load, repeat this shell command until it succeeds\n"
    "      --idle=SECONDS    after the load, wait and measure memory again (default 0)\n"
    "      --runs=N          runs of each that count, 1 to 200 (default: as many as take two\n"
    "                        minutes, 7 to 30); more runs show smaller differences\n"
    "      --warmup=N        runs of each before them, 0 to 10 (default 1)\n"
    "      --timeout=SECONDS of a run (default 3600)\n"
    "      --only=NAME,...   the allocators, in this order; all are compared with the first\n"
    "                        (default: as-is, which preloads nothing, then all)\n"
    "      --variant=NAME[,SETTING=VALUE]...  one more column: an allocator, or the path of a\n"
    "                        library with malloc, with environment variables; can be repeated\n"
    "      --metric=NAME=REGEX  one more figure: the number in the first group of the extended\n"
    "                        regular expression, at its last match in the output of the load\n"
    "                        (of PROGRAM, without --load).  +NAME: more is better; -NAME: less is\n"
    "      --html=FILE       write a report with charts\n"
    "      --json            print JSON instead of the table\n"
    "  -h, --help            print this text\n"
    "\n"
    "Example: zmeasure --ready='redis-cli -p 7777 ping' --idle=2 \\\n"
    "             --load='redis-benchmark -p 7777 -n 200000 -t set -r 100000 -d 200 -q' \\\n"
    "             redis-server --port 7777 --save ''\n"
    "\n"
    "Exit status: 0; 1 when PROGRAM or the load fails, or fails under all but the first; 2 for "
    "wrong\n"
    "arguments, and where there is nothing to compare.  Linux only.\n";

enum { MOST_VARIANTS = 24 };

struct arguments {
    struct options options;
    const char *only;
    const char *variants[MOST_VARIANTS];
    size_t variant_count;
};

/* ---- Options ------------------------------------------------------------ */

static bool seconds(const char *text, double most, double *value) {
    char *end;
    if ((text[0] < '0' || text[0] > '9') && text[0] != '.') return false;
    *value = strtod(text, &end);
    return *end == '\0' && *value >= 0 && *value <= most;
}

/* NAME=REGEX; -1 to go on, or the exit status. */
static int add_metric(struct options *options, const char *text) {
    char why[128];
    const char *equals = strchr(text, '=');
    struct metric *metric = &options->metrics[options->metric_count];
    if (options->metric_count == MOST_METRICS) return cli_usage(TOOL, "too many --metric: ", text);
    metric->better = *text == '+' ? MORE : *text == '-' ? LESS : UNKNOWN;
    if (metric->better != UNKNOWN) text++;
    if (!equals || equals == text || equals - text >= (int)sizeof(metric->name)) {
        return cli_usage(TOOL, "--metric takes NAME=REGEX, not ", text);
    }
    snprintf(metric->name, sizeof(metric->name), "%.*s", (int)(equals - text), text);
    for (size_t f = 0; f < figure_count(options); f++) {
        if (strcmp(figure_row(options, f)->key, metric->name) == 0) {
            return cli_usage(TOOL,
                             "--metric: there is a figure of this name already: ", metric->name);
        }
    }
    int error = regcomp(&metric->regex, equals + 1, REG_EXTENDED | REG_NEWLINE);
    if (error) {
        regerror(error, &metric->regex, why, sizeof(why));
        cli_error(TOOL, "--metric: %s: %s", equals + 1, why);
        return CLI_USAGE;
    }
    options->metric_count++;
    if (metric->regex.re_nsub > 0) return -1;
    return cli_usage(TOOL,
                     "--metric: the regular expression has no group with the number: ", equals + 1);
}

static int take_option(void *of, int option) {
    struct arguments *arguments = of;
    struct options *options = &arguments->options;
    if (option == 'l') {
        options->load = optarg;
    } else if (option == 'y') {
        options->ready = optarg;
    } else if (option == 'o') {
        arguments->only = optarg;
    } else if (option == 'j') {
        options->json = true;
    } else if (option == 't') {
        options->html = optarg;
    } else if (option == 'm') {
        return add_metric(options, optarg);
    } else if (option == 'v') {
        if (arguments->variant_count == MOST_VARIANTS)
            return cli_usage(TOOL, "too many --variant: ", optarg);
        arguments->variants[arguments->variant_count++] = optarg;
    } else if (option == 'i') {
        if (!seconds(optarg, 86400, &options->idle_seconds))
            return cli_usage(TOOL, "--idle takes seconds, 0 to 86400, not ", optarg);
    } else if (option == 'T') {
        if (!seconds(optarg, 1e6, &options->timeout_seconds) || options->timeout_seconds <= 0)
            return cli_usage(TOOL, "--timeout takes seconds, above 0, not ", optarg);
    } else if (option == 'r') {
        if (!cli_number(optarg, 1, MOST_RUNS, &options->runs))
            return cli_usage(TOOL, "--runs takes 1 to 200, not ", optarg);
    } else if (option == 'w') {
        if (!cli_number(optarg, 0, 10, &options->warmups))
            return cli_usage(TOOL, "--warmup takes 0 to 10, not ", optarg);
    }
    return -1;
}

static int check_options(const struct arguments *arguments) {
    const struct options *options = &arguments->options;
    if (!*options->command) return cli_usage(TOOL, "no program to run is given", "");
    if (!options->load && options->ready)
        return cli_usage(TOOL, "--ready is of use only with --load", "");
    if (!options->load && options->idle_seconds > 0) {
        return cli_usage(TOOL, "--idle is of use only with --load", "");
    }
    return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"load", required_argument, NULL, 'l'},
        {"ready", required_argument, NULL, 'y'},
        {"idle", required_argument, NULL, 'i'},
        {"runs", required_argument, NULL, 'r'},
        {"warmup", required_argument, NULL, 'w'},
        {"timeout", required_argument, NULL, 'T'},
        {"only", required_argument, NULL, 'o'},
        {"variant", required_argument, NULL, 'v'},
        {"metric", required_argument, NULL, 'm'},
        {"html", required_argument, NULL, 't'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const int status = cli_options(TOOL, help, argc, argv, "+:h", options, take_option, arguments);
    if (status >= 0) return status;
    arguments->options.command = argv + optind;
    return check_options(arguments);
}

/* Checks, before the runs, whether the report can be written, if one is asked for. */
static bool check_report(struct options *options, const char *argv0) {
    return !options->html ||
           (svg_output(TOOL, "--html", options->html, options->html_path) && html_possible(argv0));
}

/* ---- Columns ------------------------------------------------------------ */

static bool add_column(struct measurement *measurement, const char *spec, const char *argv0) {
    if (measurement->count == MOST_COLUMNS) {
        cli_error(TOOL, "too many columns: at most %d", MOST_COLUMNS);
        return false;
    }
    struct column *column = &measurement->columns[measurement->count++];
    if (!column_parse(spec, argv0, column)) return false;
    for (size_t c = 0; c + 1 < measurement->count; c++) {
        if (strcmp(measurement->columns[c].variant.name, column->variant.name) != 0) continue;
        cli_error(TOOL, "there would be two columns %s", column->variant.name);
        return false;
    }
    return true;
}

static bool add_columns(struct measurement *measurement, const struct arguments *arguments,
                        const char *argv0) {
    char only[1024], *rest = only, *name;
    bool ok = true;
    snprintf(only, sizeof(only), "%s", arguments->only ? arguments->only : AS_IS);
    while (ok && (name = strsep(&rest, ",")) != NULL) ok = add_column(measurement, name, argv0);
    for (size_t i = 0; ok && !arguments->only && column_names()[i]; i++) {
        ok = add_column(measurement, column_names()[i], argv0);
    }
    for (size_t i = 0; ok && i < arguments->variant_count; i++) {
        ok = add_column(measurement, arguments->variants[i], argv0);
    }
    if (ok && measurement->count < 2) {
        cli_usage(TOOL, "there is only one column, and nothing to compare", "");
        return false;
    }
    return ok;
}

/* ---- The measurement ---------------------------------------------------- */

static int report(const char *argv0, struct measurement *measurement) {
    struct verdicts *verdicts = calloc(1, sizeof(*verdicts));
    if (!verdicts) {
        cli_error(TOOL, "no memory");
        return 1;
    }
    if (!judge(measurement, verdicts)) {
        cli_error(TOOL, "no memory");
        free(verdicts);
        return 1;
    }
    if (measurement->options->json) {
        report_json(stdout, measurement, verdicts, false);
    } else {
        report_text(measurement, verdicts);
    }
    int status = cli_printed(TOOL);
    if (status == 0 && measurement->options->html) {
        status = report_html(argv0, measurement, verdicts);
    }
    if (status == 0 && verdicts->compared == 0) status = 1;
    free(verdicts->sentence);
    free(verdicts);
    return status;
}

/* What the user should know before the runs take their time. */
static void say_notes(const struct measurement *measurement) {
    for (size_t i = 0; i < measurement->note_count; i++) {
        cli_error(TOOL, "%s", measurement->notes[i]);
    }
}

static int measure(const char *argv0, struct measurement *measurement) {
    double begin = proc_clock(CLOCK_MONOTONIC);
    take_signals();
    say_notes(measurement);
    int status = run_turns(measurement);
    if (status == 0) status = measure_part(measurement, argv0);
    measurement->seconds = proc_clock(CLOCK_MONOTONIC) - begin;
    return status ? status : report(argv0, measurement);
}

int main(int argc, char **argv) {
    struct arguments arguments = {.options = {.warmups = 1, .timeout_seconds = 3600}};
    struct measurement measurement = {.options = &arguments.options};
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    if (!check_report(&arguments.options, argv[0])) return CLI_USAGE;
    measurement.columns = unforked(MOST_COLUMNS * sizeof(*measurement.columns));
    bool ready = measurement.columns && add_columns(&measurement, &arguments, argv[0]) &&
                 check_program(&measurement);
    status = ready ? measure(argv[0], &measurement) : CLI_USAGE;
    for (size_t c = 0; c < measurement.count; c++) column_free(&measurement.columns[c]);
    for (size_t i = 0; i < arguments.options.metric_count; i++) {
        regfree(&arguments.options.metrics[i].regex);
    }
    for (size_t i = 0; i < measurement.note_count; i++) free(measurement.notes[i]);
    free(measurement.notes);
    if (interrupted()) {
        signal(interrupted(), SIG_DFL);
        raise(interrupted());
    }
    return status;
}
