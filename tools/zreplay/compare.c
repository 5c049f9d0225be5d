/* Replays a trace by every allocator, each in a process of its own. */
#include "tools/zreplay/compare.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/run.h"
#include "tools/common/svg.h"

#define TOOL "compare"

/* Names of the variants, from the build: "jemalloc", "tcmalloc", ... */
static const char *const variants[] = {ZREPLAY_VARIANTS};
enum { COUNT = sizeof(variants) / sizeof(*variants) };

static const char help[] =
    "Usage: compare [options] [TRACE]\n"
    "Replays TRACE with zreplay by every allocator.  Prints one table, and which allocators need\n"
    "least memory and time, or why a replay cannot tell for this trace.  Without TRACE, it\n"
    "replays the trace that ships with the project.  `zreplay --help` explains the figures.\n"
    "\n"
    "      --svg=FILE   draw into FILE: the RSS of each allocator along the trace, and used\n"
    "                   memory as the first allocator counts it\n"
    "      --json       print an array of zreplay's JSON objects instead of the table\n"
    "      --touch=HOW, --rounds=N, --api=NAME   as for zreplay\n"
    "  -h, --help       print this text\n"
    "\n"
    "Exit status: 0; 1 when a leak check failed; 2 for wrong arguments and traces that cannot\n"
    "be replayed.\n";

struct arguments {
    const char *trace;
    const char *svg;
    char svg_path[CLI_PATH_SIZE];
    const char *touch;
    const char *rounds;
    const char *api;
    bool json;
};

static int usage(const char *message, const char *about) {
    cli_error(TOOL, "%s%s (see compare --help)", message, about);
    return CLI_USAGE;
}

/* Returns -1 to go on, or the exit status.  zreplay checks its own options. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"svg", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"touch", required_argument, NULL, 't'},
        {"rounds", required_argument, NULL, 'r'},
        {"api", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        const char *given = argv[optind - 1];
        if (option == 's') {
            arguments->svg = optarg;
        } else if (option == 't') {
            arguments->touch = optarg;
        } else if (option == 'r') {
            arguments->rounds = optarg;
        } else if (option == 'a') {
            arguments->api = optarg;
        } else if (option == 'j') {
            arguments->json = true;
        } else if (option == 'h') {
            return cli_help(TOOL, help);
        } else {
            return usage(option == ':' ? "a value is missing after " : "unknown option ", given);
        }
    }
    if (argc - optind > 1)
        return usage("only one trace can be replayed; unexpected: ", argv[optind + 1]);
    arguments->trace = argv[optind];
    return -1;
}

/* Runs one variant; 0 or the exit status to end with. */
static int replay_variant(const struct arguments *arguments, const char *argv0, size_t variant,
                          struct run *run) {
    char file[256], program[CLI_PATH_SIZE], touch[64] = "", rounds[64] = "", api[64] = "";
    char *command[12];
    int n = 0;
    run->name = variants[variant];
    snprintf(file, sizeof(file), "tools/zreplay/zreplay_%s", run->name);
    if (!cli_find(argv0, file, program)) {
        cli_error(TOOL, "cannot find %s: it is neither in the runfiles nor beside compare", file);
        return CLI_USAGE;
    }
    command[n++] = program;
    command[n++] = (char *)"--prefix=" TOOL;
    command[n++] = (char *)"--json";
    command[n++] = (char *)"--raw";
    if (arguments->svg) command[n++] = (char *)"--timeline";
    /* The first run has printed the lines about the trace. */
    if (variant > 0) command[n++] = (char *)"--quiet";
    snprintf(touch, sizeof(touch), "--touch=%s", arguments->touch ? arguments->touch : "pages");
    snprintf(rounds, sizeof(rounds), "--rounds=%s", arguments->rounds ? arguments->rounds : "3");
    command[n++] = touch;
    command[n++] = rounds;
    snprintf(api, sizeof(api), "--api=%s", arguments->api ? arguments->api : "malloc");
    command[n++] = api;
    command[n++] = (char *)"--";
    command[n++] = (char *)arguments->trace;
    command[n] = NULL;
    cli_progress(TOOL, "replaying over %s, %zu of %zu", variants[variant], variant + 1,
                 (size_t)COUNT);
    int started = cli_run(command, &run->json, &run->status);
    cli_progress(TOOL, NULL);
    if (started != 0) {
        cli_error(TOOL, "%s: %s", program, strerror(errno));
        return CLI_USAGE;
    }
    if (run->status > 1) {
        if (run->status != CLI_USAGE) cli_error(TOOL, "%s: exit status %d", program, run->status);
        return CLI_USAGE;
    }
    return 0;
}

static void print_json(const struct run *runs) {
    for (size_t i = 0; i < COUNT; i++) printf("%s%s", i ? "," : "[", runs[i].json);
    printf("]\n");
}

static void draw(FILE *file, const void *runs) { draw_memory(file, runs, COUNT); }

static int report(const struct arguments *arguments, const struct run *runs) {
    if (arguments->json) {
        print_json(runs);
    } else {
        print_comparison(runs, COUNT);
    }
    int printed = cli_printed(TOOL);
    if (printed != 0) return printed;
    if (!arguments->svg) return 0;
    if (svg_write(arguments->svg_path, draw, runs) == 0) return 0;
    cli_error(TOOL, "%s: %s", arguments->svg, strerror(errno));
    return CLI_USAGE;
}

/* Checks, before the replays, whether the picture of --svg can be written, if one is asked for. */
static bool check_picture(struct arguments *arguments) {
    if (!arguments->svg) return true;
    errno = ENAMETOOLONG;
    if (arguments->svg[0] == '\0') {
        usage("--svg needs the name of a file", "");
    } else if (!cli_resolve(arguments->svg, arguments->svg_path) ||
               svg_check(arguments->svg_path) != 0) {
        cli_error(TOOL, "%s: %s", arguments->svg, strerror(errno));
    } else {
        return true;
    }
    return false;
}

int main(int argc, char **argv) {
    struct arguments arguments = {0};
    struct run runs[COUNT] = {{0}};
    int leaks = 0;
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    if (!check_picture(&arguments)) return CLI_USAGE;
    status = 0;
    for (size_t i = 0; i < COUNT && status == 0; i++) {
        status = replay_variant(&arguments, argv[0], i, &runs[i]);
        if (runs[i].status == 1) leaks = 1;
    }
    if (status == 0) status = report(&arguments, runs);
    for (size_t i = 0; i < COUNT; i++) free(runs[i].json);
    return status ? status : leaks;
}
