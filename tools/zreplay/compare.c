/* Replays a trace by every allocator, each in a process of its own. */
#include "tools/zreplay/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/common/run.h"
#include "tools/common/svg.h"

#define TOOL "compare"

/* Names of the variants, from the build: "jemalloc", "tcmalloc", ... */
static const char *const variants[] = {ZREPLAY_VARIANTS};
enum { COUNT = sizeof(variants) / sizeof(*variants) };

static const char help[] =
    "Usage: compare [options] [TRACE]\n"
    "Replays TRACE with zreplay over every allocator.  Prints one table, and which allocators "
    "need\n"
    "least memory and time, or why a replay cannot tell for this trace.  Without TRACE, it\n"
    "replays the trace that ships with the project.  `zreplay --help` explains the figures.\n"
    "\n"
    "      --html=FILE  write a page: RSS over time, sizes and lifetimes of the blocks, frees by\n"
    "                   other threads, how long single calls take, the table, the verdict\n"
    "      --svg=FILE   draw into FILE: the RSS of each allocator over time, and used memory as\n"
    "                   the first allocator counts it\n"
    "      --only=NAME,...  these allocators only, in this order\n"
    "      --variant=NAME[,SETTING=VALUE]...  one more column: an allocator, or the path of a\n"
    "                   library with malloc (Linux), with environment variables; can be repeated\n"
    "      --json       print an array of zreplay's JSON objects instead of the table\n"
    "      --touch=HOW, --rounds=N, --api=NAME   as for zreplay\n"
    "  -h, --help       print this text\n"
    "\n"
    "Example: compare --variant='jemalloc,MALLOC_CONF=dirty_decay_ms:0' my.ztrace\n"
    "\n"
    "Exit status: 0; 1 when a leak check failed or a column could not be replayed; 2 for wrong\n"
    "arguments and traces that cannot be replayed.\n";

enum { MOST_COLUMNS = 32, NOTES_SIZE = 8192 };

struct arguments {
    const char *trace;
    const char *html, *svg;
    char html_path[CLI_PATH_SIZE], svg_path[CLI_PATH_SIZE];
    const char *touch;
    const char *rounds;
    const char *api;
    const char *only;
    const char *variants[MOST_COLUMNS];
    size_t variant_count;
    bool json;
};

/* All replays. */
struct comparison {
    const struct arguments *arguments;
    const char *argv0;
    struct variant variant[MOST_COLUMNS];
    size_t variants;
    struct run runs[MOST_COLUMNS]; /* of the variants that could be replayed */
    size_t count;
    char notes[NOTES_SIZE]; /* on those that could not; lines */
    int decoded; /* an open file: the first leaves the decoded trace there for the others; or -1 */
    bool leaks;
};

/* Returns -1 to go on, or the exit status.  zreplay checks its own options. */
static int take_option(void *of, int option) {
    struct arguments *arguments = of;
    if (option == 'v' && arguments->variant_count == MOST_COLUMNS) {
        return cli_usage(TOOL, "too many --variant: ", optarg);
    }
    if (option == 'v') arguments->variants[arguments->variant_count++] = optarg;
    if (option == 'o') arguments->only = optarg;
    if (option == 'H') arguments->html = optarg;
    if (option == 's') arguments->svg = optarg;
    if (option == 't') arguments->touch = optarg;
    if (option == 'r') arguments->rounds = optarg;
    if (option == 'a') arguments->api = optarg;
    if (option == 'j') arguments->json = true;
    return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"only", required_argument, NULL, 'o'},   {"variant", required_argument, NULL, 'v'},
        {"html", required_argument, NULL, 'H'},   {"svg", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},         {"touch", required_argument, NULL, 't'},
        {"rounds", required_argument, NULL, 'r'}, {"api", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    const int status = cli_options(TOOL, help, argc, argv, ":h", options, take_option, arguments);
    if (status >= 0) return status;
    if (argc - optind > 1)
        return cli_usage(TOOL, "only one trace can be replayed; unexpected: ", argv[optind + 1]);
    arguments->trace = argv[optind];
    return -1;
}

/* ---- Columns ------------------------------------------------------------- */

static bool find(const char *spec, const char *name, const char *argv0, struct variant *variant) {
    char list[1024] = "";
    (void)spec;
    (void)argv0;
    (void)variant;
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(variants[i], name) == 0) return true;
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s, ", variants[i]);
    }
    cli_error(TOOL, "there is no allocator %s: it takes %sor the path of a library", name, list);
    return false;
}

static bool add_column(struct comparison *all, const char *spec) {
    static const struct variant_names names = {TOOL, find};
    if (all->variants == MOST_COLUMNS) {
        cli_error(TOOL, "too many columns: at most %d", MOST_COLUMNS);
        return false;
    }
    struct variant *variant = &all->variant[all->variants++];
    if (!variant_parse(&names, spec, all->argv0, variant)) return false;
    for (size_t i = 0; i + 1 < all->variants; i++) {
        if (strcmp(all->variant[i].name, variant->name) != 0) continue;
        cli_error(TOOL, "there would be two columns %s", variant->name);
        return false;
    }
    return true;
}

/* Those of --only, or all, and those of --variant after them. */
static bool add_columns(struct comparison *all) {
    const struct arguments *arguments = all->arguments;
    char only[1024], *rest = only, *name;
    bool ok = true;
    snprintf(only, sizeof(only), "%s", arguments->only ? arguments->only : "");
    while (ok && arguments->only && (name = strsep(&rest, ",")) != NULL) {
        ok = add_column(all, name);
    }
    for (size_t i = 0; ok && !arguments->only && i < COUNT; i++) ok = add_column(all, variants[i]);
    for (size_t i = 0; ok && i < arguments->variant_count; i++) {
        ok = add_column(all, arguments->variants[i]);
    }
    return ok;
}

/* ---- Replays --------------------------------------------------------------- */

/* Runs zreplay to its end; 0 or the exit status to end with. */
static int run_zreplay(char *const *command, char *const *environment, struct run *run) {
    if (cli_run(command, environment, &run->json, &run->status) != 0) {
        cli_error(TOOL, "%s: %s", command[0], strerror(errno));
        return CLI_USAGE;
    }
    if (run->status <= 1) return 0;
    if (run->status != CLI_USAGE) cli_error(TOOL, "%s: exit status %d", command[0], run->status);
    return CLI_USAGE;
}

/* A library takes the place of the libc's malloc. */
static bool find_zreplay(const char *argv0, const struct variant *variant,
                         char program[CLI_PATH_SIZE]) {
    char file[VARIANT_NAME_SIZE + 32];
    snprintf(file, sizeof(file), "tools/zreplay/zreplay_%s",
             variant->library[0] ? "libc" : variant->base);
    if (cli_find(argv0, file, program)) return true;
    cli_error(TOOL, "cannot find %s: it is neither in the runfiles nor beside compare", file);
    return false;
}

static const char *touch_of(const struct arguments *arguments) {
    return arguments->touch ? arguments->touch : "pages";
}

/* Runs one variant; 0 or the exit status to end with. */
static int replay_variant(const struct comparison *all, const struct variant *variant, bool quiet,
                          struct run *run) {
    const struct arguments *arguments = all->arguments;
    char program[CLI_PATH_SIZE], preloaded[CLI_PATH_SIZE + 16], touch[64], rounds[64], api[64],
        decoded[64];
    char *command[16];
    int n = 0;
    if (!find_zreplay(all->argv0, variant, program)) return CLI_USAGE;
    snprintf(preloaded, sizeof(preloaded), "--preloaded=%s", variant->library);
    snprintf(touch, sizeof(touch), "--touch=%s", touch_of(arguments));
    snprintf(rounds, sizeof(rounds), "--rounds=%s", arguments->rounds ? arguments->rounds : "3");
    snprintf(api, sizeof(api), "--api=%s", arguments->api ? arguments->api : "malloc");
    command[n++] = program;
    command[n++] = (char *)"--prefix=" TOOL;
    command[n++] = (char *)"--json";
    command[n++] = (char *)"--raw";
    if (all->decoded >= 0) {
        snprintf(decoded, sizeof(decoded), "--decoded=%d", all->decoded);
        command[n++] = decoded;
    }
    if (arguments->svg || arguments->html) command[n++] = (char *)"--timeline";
    if (quiet) command[n++] = (char *)"--quiet";
    if (variant->library[0]) command[n++] = preloaded;
    command[n++] = touch;
    command[n++] = rounds;
    command[n++] = api;
    command[n++] = (char *)"--";
    command[n++] = (char *)arguments->trace;
    command[n] = NULL;
    return run_zreplay(command, variant->environment, run);
}

/* Notes that a column cannot be had. */
static void leave_out(struct comparison *all, const struct run *run) {
    size_t used = strlen(all->notes);
    char why[64] = "its replay failed";
    if (run->status > 128) {
        snprintf(why, sizeof(why), "its replay was ended: %s", strsignal(run->status - 128));
    }
    snprintf(all->notes + used, sizeof(all->notes) - used, "%.300s is left out: %s\n", run->name,
             why);
    cli_error(TOOL, "%s is left out: %s", run->name, why);
}

/* Opens a file without a name; -1 after a line. */
static int open_temporary(void) {
    const char *variable = getenv("TMPDIR"), *folder = variable && *variable ? variable : "/tmp";
    char name[CLI_PATH_SIZE];
    const int length = snprintf(name, sizeof(name), "%s/compare-XXXXXX", folder);
    errno = ENAMETOOLONG;
    const int fd = length < (int)sizeof(name) ? mkstemp(name) : -1;
    if (fd >= 0) unlink(name);
    /* Where a standard stream was closed, this took its number, which zreplay does not take. */
    if (fd >= 0 && fd <= STDERR_FILENO) return fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
    if (fd < 0) {
        cli_error(TOOL, "each column decodes the trace: no temporary file in %s: %s", folder,
                  strerror(errno));
    }
    return fd;
}

/* Replays all columns.  0, or the exit status: what the first one cannot replay none can. */
static int replay_all(struct comparison *all) {
    if (all->variants > 1) all->decoded = open_temporary();
    for (size_t i = 0; i < all->variants; i++) {
        struct run run = {.name = all->variant[i].name, .variant = &all->variant[i]};
        cli_progress(TOOL, "replaying over %s, %zu of %zu", run.name, i + 1, all->variants);
        /* The first run has printed the lines about the trace. */
        int status = replay_variant(all, run.variant, i > 0, &run);
        cli_progress(TOOL, NULL);
        if (run.status == 1) all->leaks = true;
        if (status == 0) {
            all->runs[all->count++] = run;
            continue;
        }
        free(run.json);
        if (all->count == 0) return status;
        leave_out(all, &run);
    }
    return 0;
}

/* ---- Reports --------------------------------------------------------------- */

static void print_json(const struct comparison *all) {
    for (size_t i = 0; i < all->count; i++) {
        const struct run *run = &all->runs[i];
        printf("%s{\n  \"variant\": ", i ? "," : "[");
        cli_json_string(run->name);
        printf(", ");
        variant_json(stdout, run->variant);
        printf(",%s", run->json + 1);
    }
    printf("]\n");
}

static void draw(FILE *file, const void *what) {
    const struct comparison *all = what;
    draw_memory(file, all->runs, all->count);
}

static int write_svg(const struct comparison *all) {
    if (svg_write(all->arguments->svg_path, draw, all) == 0) return 0;
    cli_error(TOOL, "%s: %s", all->arguments->svg, strerror(errno));
    return CLI_USAGE;
}

/* The page also shows what the trace tells by itself. */
static int write_html(const struct comparison *all) {
    const struct arguments *arguments = all->arguments;
    char program[CLI_PATH_SIZE];
    char *const command[] = {program,
                             (char *)"--prefix=" TOOL,
                             (char *)"--stat",
                             (char *)"--json",
                             (char *)"--quiet",
                             (char *)"--",
                             (char *)arguments->trace,
                             NULL};
    struct run stat = {0};
    if (!find_zreplay(all->argv0, all->runs[0].variant, program)) return CLI_USAGE;
    int status = run_zreplay(command, NULL, &stat);
    const struct page_report report = {all->runs, all->count, stat.json, touch_of(arguments),
                                       all->notes};
    if (status == 0) {
        status = report_html(all->argv0, arguments->html_path, arguments->html, &report);
    }
    free(stat.json);
    return status;
}

static int report(const struct comparison *all) {
    if (all->arguments->json) {
        print_json(all);
    } else {
        print_comparison(all->runs, all->count);
        if (all->notes[0]) printf("\n%s", all->notes);
    }
    int status = cli_printed(TOOL);
    if (status == 0 && all->arguments->svg) status = write_svg(all);
    if (status == 0 && all->arguments->html) status = write_html(all);
    return status;
}

/* Checks, before the replays, whether the page and the picture can be written. */
static bool check_files(struct arguments *arguments, const char *argv0) {
    return (!arguments->svg || svg_output(TOOL, "--svg", arguments->svg, arguments->svg_path)) &&
           (!arguments->html ||
            (svg_output(TOOL, "--html", arguments->html, arguments->html_path) &&
             html_possible(argv0)));
}

int main(int argc, char **argv) {
    static struct arguments arguments;
    static struct comparison all;
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded && *preloaded) {
        cli_error(TOOL, "LD_PRELOAD is set: all columns run with %s as well", preloaded);
    }
    all.arguments = &arguments;
    all.argv0 = argv[0];
    all.decoded = -1;
    status = CLI_USAGE;
    if (check_files(&arguments, argv[0]) && add_columns(&all)) status = replay_all(&all);
    if (status == 0) status = report(&all);
    if (all.decoded >= 0) close(all.decoded);
    for (size_t i = 0; i < all.count; i++) free(all.runs[i].json);
    for (size_t i = 0; i < all.variants; i++) variant_free(&all.variant[i]);
    return status ? status : all.leaks || all.notes[0];
}
