/* Replays an allocation trace through zmalloc, and reports. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/zreplay/report.h"
#include "zmalloc/build_info.h"
#include "zmalloc/zmalloc.h"

/* What messages begin with. */
static const char *tool = "zreplay";

#define SHIPPED_TRACE "tools/zreplay/traces/redis.ztrace"

static const char help[] =
    "Usage: zreplay [options] [TRACE]\n"
    "Replays TRACE, which ztrace recorded, through zmalloc and the allocator that this\n"
    "program was built with, and reports memory and time.  Without TRACE: the one of a\n"
    "redis-server that ships with the project.\n"
    "\n"
    "      --touch=HOW  what is written to each block, as a program would:\n"
    "                   pages  a byte in each page, the first and the last (without it)\n"
    "                   all    every byte\n"
    "                   none   nothing: RSS then says little\n"
    "      --rounds=N   replay N times (1 to 1000; 3 without it), each in a process of its\n"
    "                   own: times are the best of all, the rest is the first's\n"
    "      --raw        also times the allocator without zmalloc (raw): after each round\n"
    "                   another one, in which the two take turns of 4096 events.  Times are\n"
    "                   then the best of each turn.  Needs twice the memory\n"
    "      --json       a JSON object instead of the table; null where a figure is unknown\n"
    "      --timeline   adds used memory and RSS along the trace to it\n"
    "      --prefix=P   what messages begin with, instead of zreplay\n"
    "  -q, --quiet      no line about a trace that is truncated or lost events\n"
    "  -h, --help       this text\n"
    "\n"
    "Events run in the order of the trace, in one thread.  The trace is decoded first, to\n"
    "memory of its own that is in RSS before the replay and not counted in the other RSS\n"
    "figures.  The time of a call is that of zmalloc alone, without touching, sampling and\n"
    "the clock itself.  \"At its peak\": after the event with the most bytes asked for live.\n"
    "\"Requested\" is those bytes, from the trace: the same for every allocator, as \"used\"\n"
    "is not.  The JSON has both ratios: rss_per_requested and rss_per_used.\n"
    "Events run as fast as possible: memory that an allocator gives back after a time\n"
    "(jemalloc: 10 s) is still counted at the end.\n"
    "\n"
    "Exit status: 0; 1 when used memory is not what it was once all is freed; 2 for wrong\n"
    "arguments, and for traces that are empty, damaged or too large for this machine.\n";

struct arguments {
    const char *trace;
    enum touch touch;
    unsigned rounds;
    bool quiet;
    bool raw;
    bool json;
    bool timeline;
};

static int usage(const char *message, const char *about) {
    cli_error(tool, "%s%s (see %s --help)", message, about, tool);
    return CLI_USAGE;
}

static bool parse_touch(const char *text, enum touch *touch) {
    static const char *const names[] = {"none", "pages", "all"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *touch = (enum touch)i;
        return true;
    }
    return false;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"touch", required_argument, NULL, 't'},
        {"rounds", required_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},
        {"timeline", no_argument, NULL, 'l'},
        {"prefix", required_argument, NULL, 'p'},
        {"quiet", no_argument, NULL, 'q'},
        {"raw", no_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    uint64_t rounds;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":qh", options, NULL)) != -1) {
        const char *given = argv[optind - 1];
        if (option == 't') {
            if (!parse_touch(optarg, &arguments->touch)) {
                return usage("--touch takes pages, all or none, not ", optarg);
            }
        } else if (option == 'r') {
            if (!cli_number(optarg, 1, 1000, &rounds)) {
                return usage("--rounds takes a number from 1 to 1000, not ", optarg);
            }
            arguments->rounds = (unsigned)rounds;
        } else if (option == 'p') {
            tool = optarg;
        } else if (option == 'q') {
            arguments->quiet = true;
        } else if (option == 'w') {
            arguments->raw = true;
        } else if (option == 'j') {
            arguments->json = true;
        } else if (option == 'l') {
            arguments->timeline = true;
        } else if (option == 'h') {
            return cli_help(tool, help);
        } else {
            return usage(option == ':' ? "a value is missing after " : "no such option: ", given);
        }
    }
    if (argc - optind > 1) return usage("one trace at a time, not also ", argv[optind + 1]);
    arguments->trace = argv[optind];
    if (arguments->timeline && !arguments->json) return usage("--timeline wants --json", "");
    return -1;
}

static bool find_trace(const char *given, const char *argv0, char path[CLI_PATH_SIZE]) {
    if (given ? cli_resolve(given, path) : cli_find(argv0, SHIPPED_TRACE, path)) return true;
    cli_error(tool, given ? "%s: too long a name" : "%s is not among the runfiles",
              given ? given : SHIPPED_TRACE);
    return false;
}

/* The memory that a replay needs. */
static uint64_t needed(const struct ops *ops, enum touch touch, unsigned copies) {
    uint64_t blocks = touch == TOUCH_NONE ? ops->peak_untouched : ops->peak_touched;
    return ops->count * sizeof(*ops->op) + copies * (ops->objects * sizeof(void *) + blocks);
}

/* A trace may ask for more than there is; touching it would end badly. */
static bool fits(const struct ops *ops, enum touch touch, uint64_t limit, const char *path) {
    uint64_t bytes = needed(ops, touch, 1);
    if (bytes <= limit) return true;
    cli_error(
        tool, "%s: needs %" PRIu64 " MiB at its peak, this machine allows %" PRIu64 " MiB%s", path,
        bytes >> 20, limit >> 20,
        needed(ops, TOUCH_NONE, 1) <= limit ? "; --touch=none replays it without using them" : "");
    return false;
}

/* What memory there is, in bytes. */
static uint64_t memory_limit(void) {
    uint64_t limit = zmalloc_get_memory_limit();
    return limit ? limit : UINT64_MAX;
}

/* Whether to time without zmalloc, too; tells why not. */
static bool raw_fits(const struct arguments *arguments, const struct ops *ops, const char *path) {
    if (needed(ops, arguments->touch, 2) <= memory_limit()) return true;
    if (!arguments->quiet) {
        cli_error(tool, "%s: --raw is left out, as this machine has no memory for two copies",
                  path);
    }
    return false;
}

/* Reads the trace; false when it cannot be replayed, told on stderr. */
static bool read_trace(const struct arguments *arguments, const char *path, struct ops *ops) {
    struct zt_error error;
    uint64_t limit = memory_limit();
    if (ops_read(ops, path, limit / 2, &error) != 0) {
        cli_error(tool, "%s", error.text);
        return false;
    }
    if (ops->count == 0) {
        cli_error(tool, "%s: holds no events%s", path, ops->truncated ? ": it is truncated" : "");
        return false;
    }
    if (ops->truncated && !arguments->quiet) {
        cli_error(tool, "%s: truncated at byte %" PRIu64 "; replaying the %zu events before it",
                  path, ops->whole, ops->count);
    }
    if (ops->lost && !arguments->quiet) {
        cli_error(tool, "%s: %" PRIu64 " %s lost when it was recorded", path, ops->lost,
                  ops->lost == 1 ? "event was" : "events were");
    }
    return fits(ops, arguments->touch, limit, path);
}

static int replay_and_report(const struct arguments *arguments, const char *path,
                             const struct ops *ops) {
    static struct result result;
    bool raw = arguments->raw && raw_fits(arguments, ops, path);
    int status = replay(ops, arguments->touch, arguments->rounds, raw, &result);
    if (status != 0) {
        const char *why = status > 0 ? strsignal(status) : "no memory or no process for it";
        cli_error(tool, "%s: the replay was ended: %s", path, why);
        return CLI_USAGE;
    }
    struct report report = {
        .trace = arguments->trace != NULL ? arguments->trace : SHIPPED_TRACE,
        .allocator = zmalloc_allocator_name(),
        .backend = ZMALLOC_BACKEND,
        .lib = ZMALLOC_LIB,
        .ops = ops,
        .result = &result,
    };
    if (arguments->json) {
        report_json(&report, arguments->timeline);
    } else {
        report_table(&report);
    }
    return result.used_leaked != 0;
}

int main(int argc, char **argv) {
    static char buffer[65536];
    struct arguments arguments = {.touch = TOUCH_PAGES, .rounds = 3};
    char path[CLI_PATH_SIZE];
    /* stdio's own buffer would come from the allocator. */
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    if (!find_trace(arguments.trace, argv[0], path)) return CLI_USAGE;
    struct ops ops;
    status = CLI_USAGE;
    if (read_trace(&arguments, path, &ops)) status = replay_and_report(&arguments, path, &ops);
    ops_free(&ops);
    int printed = cli_printed(tool);
    return printed != 0 ? printed : status;
}
