/* A server with its own zmalloc and with ours, side by side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/redis_bench/bench.h"

static const char help[] =
    "Usage: redis_bench [options]\n"
    "Runs a server's benchmark against two builds of it: own, with the server's own zmalloc and\n"
    "jemalloc, and ours, with //zmalloc.  Both listen on 127.0.0.1 and are measured in turns;\n"
    "the other is suspended meanwhile.  Measures with 1 and with 4 io-threads.  Prints requests a\n"
    "second, the server's processor time a request, latency and memory of both, and the ratio\n"
    "ours / own.\n"
    "\n"
    "      --server=S    redis7, redis8 (default) or valkey9\n"
    "      --seconds=N   take about N seconds, 10 to 36000 (default 300).  A first round, which\n"
    "                    does not count, finds out how many requests fit; both get as many\n"
    "      --rounds=N    show the medians of N rounds, 1 to 25 (default 5)\n"
    "      --keys=N      write and read N keys, 1 to 10000000 (default 100000)\n"
    "      --json        print a JSON object instead of the table\n"
    "  -h, --help        print this text\n"
    "\n"
    "A ratio is the median of the rounds' ratios: in each round both servers are measured one\n"
    "after the other.  Its interval of 95 % stands beside it, from 5 rounds on.  A ratio whose\n"
    "interval holds 1 means nothing; of the 32 ratios of requests and CPU, one or two miss 1 by\n"
    "chance.\n"
    "\n"
    "Exit status: 0; 1 when something could not be run, or not in time; 2 for wrong arguments.\n";

/* Limits for one call of the benchmark. */
enum {
    CALL_SECONDS = 600,
    LEAST_REQUESTS = 2000,
    TEXT_SIZE = 4096,
    CLIENTS = 50,
    VALUE_SIZE = 100
};

static const struct {
    const char *name, *test;
    int pipeline;
} mix[LINES] = {
    {"SET", "set", 1},
    {"GET", "get", 1},
    {"INCR", "incr", 1},
    {"LPUSH", "lpush", 1},
    {"HSET", "hset", 1},
    {"ZADD", "zadd", 1},
    {"SET, 16 at once", "set", 16},
    {"GET, 16 at once", "get", 16},
};

static const char *const figures[FIGURES] = {"used_memory", "used_memory_rss",
                                             "mem_fragmentation_ratio", "allocator_frag_ratio"};

static bool is_server(const char *name) {
    static const char *const servers[] = {"redis7", "redis8", "valkey9"};
    for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++) {
        if (strcmp(name, servers[i]) == 0) return true;
    }
    return false;
}

static int take_option(void *of, int option) {
    struct options *options = of;
    if (option == 's') {
        if (!cli_number(optarg, 10, 36000, &options->seconds))
            return cli_usage(TOOL, "--seconds takes 10 to 36000, not ", optarg);
    } else if (option == 'r') {
        if (!cli_number(optarg, 1, MAX_ROUNDS, &options->rounds))
            return cli_usage(TOOL, "--rounds takes 1 to 25, not ", optarg);
    } else if (option == 'k') {
        if (!cli_number(optarg, 1, 10000000, &options->keys))
            return cli_usage(TOOL, "--keys takes 1 to 10000000, not ", optarg);
    } else if (option == 'S') {
        if (!is_server(optarg))
            return cli_usage(TOOL, "--server takes redis7, redis8 or valkey9, not ", optarg);
        options->server = optarg;
    } else if (option == 'j') {
        options->json = true;
    }
    return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct options *options) {
    static const struct option known[] = {
        {"seconds", required_argument, NULL, 's'},
        {"rounds", required_argument, NULL, 'r'},
        {"keys", required_argument, NULL, 'k'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"server", required_argument, NULL, 'S'},
        {NULL, 0, NULL, 0},
    };
    const int status = cli_options(TOOL, help, argc, argv, ":h", known, take_option, options);
    if (status >= 0) return status;
    if (optind < argc) return cli_usage(TOOL, "unexpected argument ", argv[optind]);
    return -1;
}

static bool find_programs(const char *argv0, const char *server, struct programs *programs) {
    const struct {
        const char *name;
        char *path;
    } wanted[] = {
        {"own", programs->servers[OWN]},
        {"ours", programs->servers[OURS]},
        {"benchmark", programs->benchmark},
        {"cli", programs->cli},
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        char file[64];
        snprintf(file, sizeof(file), "tools/redis_bench/%s_%s", server, wanted[i].name);
        if (!cli_find(argv0, file, wanted[i].path)) {
            cli_error(TOOL, "%s is neither among the runfiles nor beside the program", file);
            return false;
        }
    }
    return true;
}

/* "SET","90909.09","0.300","0.096","0.287","0.463","0.583","1.239": the last
 * line; rps is its second field, p99 its seventh. */
static bool read_csv(const char *text, double measures[MEASURES]) {
    const char *row = strstr(text, "\n\"");
    return row != NULL &&
           sscanf(row, "\n\"%*[^\"]\",\"%lf\",\"%*f\",\"%*f\",\"%*f\",\"%*f\",\"%lf\"",
                  &measures[RPS], &measures[P99]) == 2;
}

/* One call of the benchmark. */
static bool measure(const struct options *options, const struct programs *programs,
                    const struct server servers[BUILDS], enum build build, const struct line *line,
                    double measures[MEASURES]) {
    const struct server *server = &servers[build];
    char text[TEXT_SIZE], requests[24], keys[24], clients[16], size[16], pipeline[16];
    snprintf(requests, sizeof(requests), "%llu", (unsigned long long)line->requests);
    snprintf(keys, sizeof(keys), "%llu", (unsigned long long)options->keys);
    snprintf(clients, sizeof(clients), "%d", CLIENTS);
    snprintf(size, sizeof(size), "%d", VALUE_SIZE);
    snprintf(pipeline, sizeof(pipeline), "%d", line->pipeline);
    const char *command[] = {programs->benchmark,
                             "-h",
                             "127.0.0.1",
                             "-p",
                             server->port,
                             "-t",
                             line->test,
                             "-n",
                             requests,
                             "-r",
                             keys,
                             "-c",
                             clients,
                             "-d",
                             size,
                             "-P",
                             pipeline,
                             "--csv",
                             NULL};
    let_run_alone(servers, build);
    double before = server_cpu(server);
    if (run_program((char *const *)command, CALL_SECONDS, text, sizeof(text)) != 0) return false;
    measures[CPU] = (server_cpu(server) - before) * 1e6 / (double)line->requests;
    if (read_csv(text, measures)) return true;
    cli_error(TOOL, "the benchmark printed no figures for %s", line->test);
    return false;
}

/* Runs one line in one round; the servers take turns at being first. */
static bool run_line(const struct options *options, const struct programs *programs,
                     const struct server servers[BUILDS], uint64_t round, struct line *line) {
    for (int turn = 0; turn < BUILDS; turn++) {
        enum build build = (round + (uint64_t)turn) % BUILDS == 0 ? OWN : OURS;
        double measures[MEASURES];
        if (!measure(options, programs, servers, build, line, measures)) return false;
        for (int m = 0; m < MEASURES; m++) line->rounds[build][m][round] = measures[m];
    }
    return true;
}

/* Calls each server for a short time.  The line then gets as many requests as the slower server
 * can answer in its part of the time. */
static bool calibrate(const struct options *options, const struct programs *programs,
                      const struct server servers[BUILDS], struct line *line) {
    double calls = 2.0 * LINES * BUILDS * (double)options->rounds;
    double slower = 0, measures[MEASURES];
    line->requests = LEAST_REQUESTS;
    for (enum build build = 0; build < BUILDS; build++) {
        if (!measure(options, programs, servers, build, line, measures)) return false;
        if (build == 0 || measures[RPS] < slower) slower = measures[RPS];
    }
    double requests = slower * (double)options->seconds / calls;
    if (requests > LEAST_REQUESTS) line->requests = (uint64_t)requests;
    return true;
}

static bool run_rounds(const struct options *options, const struct programs *programs,
                       const struct server servers[BUILDS], struct section *section) {
    for (int i = 0; i < LINES; i++) {
        section->lines[i].name = mix[i].name;
        section->lines[i].test = mix[i].test;
        section->lines[i].pipeline = mix[i].pipeline;
        if (!calibrate(options, programs, servers, &section->lines[i])) return false;
    }
    for (uint64_t round = 0; round < options->rounds; round++) {
        for (int i = 0; i < LINES; i++) {
            cli_progress(TOOL, "io-threads %d, round %llu of %llu: %s", section->io_threads,
                         (unsigned long long)round + 1, (unsigned long long)options->rounds,
                         section->lines[i].name);
            if (!run_line(options, programs, servers, round, &section->lines[i])) return false;
        }
    }
    for (enum build build = 0; build < BUILDS; build++) {
        let_run_alone(servers, build);
        usleep(500000); /* the server reads its figures ten times a second */
        for (int f = 0; f < FIGURES; f++) {
            char value[64];
            if (!server_info(programs, &servers[build], figures[f], value, sizeof(value)))
                return false;
            section->memory[build][f] = atof(value);
        }
    }
    return true;
}

static bool run_section(const struct options *options, const struct programs *programs,
                        struct section *section, char allocators[BUILDS][64]) {
    struct server servers[BUILDS] = {{0}};
    bool ok = true;
    for (int build = 0; build < BUILDS && ok; build++) {
        ok = start_server(programs, build, section->io_threads, &servers[build]) == 0;
        if (ok) memcpy(allocators[build], servers[build].allocator, 64);
    }
    ok = ok && run_rounds(options, programs, servers, section);
    cli_progress(TOOL, NULL);
    for (int build = 0; build < BUILDS; build++) stop_server(&servers[build]);
    return ok;
}

int main(int argc, char **argv) {
    struct options options = {.server = "redis8", .seconds = 300, .rounds = 5, .keys = 100000};
    static struct section sections[] = {{.io_threads = 1}, {.io_threads = 4}};
    static char allocators[BUILDS][64];
    static struct programs programs;
    enum { SECTIONS = sizeof(sections) / sizeof(*sections) };
    int status = parse(argc, argv, &options);
    if (status >= 0) return status;
    if (!find_programs(argv[0], options.server, &programs)) return 1;
    for (int i = 0; i < SECTIONS; i++) {
        if (!run_section(&options, &programs, &sections[i], allocators)) return 1;
    }
    if (options.json) {
        print_json(&options, sections, SECTIONS, (const char(*)[64])allocators);
    } else {
        print_table(&options, sections, SECTIONS, (const char(*)[64])allocators);
    }
    return cli_printed(TOOL);
}
