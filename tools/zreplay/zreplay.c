/* Replays an allocation trace through zmalloc, and reports. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/procfs.h"
#include "tools/raw/malloc_size.h"
#include "tools/zreplay/figures.h"
#include "tools/zreplay/parallel.h"
#include "tools/zreplay/report.h"
#include "tools/zreplay/stat.h"
#include "zmalloc/build_info.h"
#include "zmalloc/zmalloc.h"

/* Each message begins with it. */
static const char *tool = "zreplay";

enum { MOST_SKEW = 1000, MAX_SKEW = 1000000000 };

#define SHIPPED_TRACE "tools/zreplay/traces/redis.ztrace"

static const char help[] =
    "Usage: zreplay [options] [TRACE]\n"
    "Replays TRACE, which ztrace recorded, through zmalloc and the allocator that this\n"
    "program was built with, and reports memory and time.  Without TRACE, it replays the\n"
    "trace of a redis-server that ships with the project.\n"
    "\n"
    "      --touch=HOW  write to each block, as a program would:\n"
    "                   pages  the first and last byte, and one in each page (default)\n"
    "                   all    every byte\n"
    "                   none   nothing; RSS then says little\n"
    "      --rounds=N   replay N times, 1 to 1000 (default 3), each in its own process;\n"
    "                   times are the best of all rounds, other figures are of the first\n"
    "      --raw        also time the allocator without zmalloc (raw): after each round, in\n"
    "                   one more process, the two take turns of 4096 events.  Times are then\n"
    "                   the best of each turn; when a round makes them less than 3 % shorter,\n"
    "                   later rounds take no turns.  This needs twice the memory\n"
    "      --skew=N     a thread for each recorded thread; an event runs once all that are N or\n"
    "                   more before it have run: 1 to 1000000000; 0: one thread.  The default is\n"
    "                   a thousandth of the events, but at most 1000\n"
    "      --api=NAME   malloc: blocks are aligned to 16 bytes, as a program may expect "
    "(default);\n"
    "                   zmalloc: as zmalloc() aligns them, over jemalloc to 8 bytes, which takes\n"
    "                   less memory\n"
    "      --json       print a JSON object instead of the table; unknown figures are null\n"
    "      --timeline   add used memory and RSS along the trace to the JSON; and, where the trace\n"
    "                   has samples of the program, its RssAnon and the replay's at the same time\n"
    "      --stat       replay nothing; print what the trace tells by itself: sizes, lifetimes,\n"
    "                   frees by other threads, growth; which call stacks held and allocated\n"
    "                   most, if ztrace --stacks recorded them\n"
    "      --preloaded=LIBRARY  fail unless this library is loaded, as by LD_PRELOAD; its "
    "statistics\n"
    "                   are unknown\n"
    "      --decoded=FD  take the decoded trace from this open file; if that is empty, decode the\n"
    "                   trace and leave it there, for the next zreplay\n"
    "      --prefix=P   begin messages with P instead of zreplay\n"
    "  -q, --quiet      print no line about what the trace lacks\n"
    "  -h, --help       print this text\n"
    "\n"
    "Events run as fast as possible; the events of one thread, and of one block, keep their\n"
    "order.  Allocators see the time of the trace: if they give memory back after a time\n"
    "(jemalloc: 10 s), they do so at the same event as in the program.  In the last of several\n"
    "rounds time passes as if recording had not slowed the program.  \"10 s later\" is after 10 s\n"
    "more, in which one thread makes some 40,000 calls a second.\n"
    "Times are taken in a further replay, in one thread.\n"
    "RSS is without pages of files and without the decoded trace.  \"Fixed\" is the RSS before\n"
    "the process reads the trace.  The time of a call is without the writes to the block,\n"
    "sampling and the clock itself.\n"
    "\"At its peak\" is after the event with the most requested bytes live.  \"Requested\" is "
    "what\n"
    "the program asked for; it comes from the trace and is the same for every allocator, unlike\n"
    "\"used\".  The JSON has the ratios to both: rss_per_requested and rss_per_used.\n"
    "\n"
    "Exit status: 0; 1 when used memory does not return to its first value once all is freed;\n"
    "2 for wrong arguments, and for traces that are empty, damaged or too large for this "
    "machine.\n";

struct arguments {
    uint64_t rss_fixed; /* of this process, with nothing but its allocator */
    const char *trace;
    enum touch touch;
    unsigned rounds;
    size_t skew;  /* SIZE_MAX: not given */
    bool zmalloc; /* for a program that calls zmalloc() */
    bool quiet;
    bool raw;
    bool json;
    bool timeline;
    bool stat;
    const char *preloaded; /* a library that has the malloc, or NULL */
    int decoded;           /* an open file for the decoded trace, or -1 */
};

static bool parse_api(const char *text, bool *zmalloc) {
    *zmalloc = strcmp(text, "zmalloc") == 0;
    return *zmalloc || strcmp(text, "malloc") == 0;
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

static const struct option options[] = {
    {"touch", required_argument, NULL, 't'},   {"rounds", required_argument, NULL, 'r'},
    {"json", no_argument, NULL, 'j'},          {"timeline", no_argument, NULL, 'l'},
    {"stat", no_argument, NULL, 'S'},          {"preloaded", required_argument, NULL, 'P'},
    {"decoded", required_argument, NULL, 'd'}, {"prefix", required_argument, NULL, 'p'},
    {"quiet", no_argument, NULL, 'q'},         {"raw", no_argument, NULL, 'w'},
    {"skew", required_argument, NULL, 's'},    {"api", required_argument, NULL, 'a'},
    {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
};

/* Returns -1 to go on, or the exit status. */
static int take_number(struct arguments *arguments, int option) {
    uint64_t number;
    if (option == 'r') {
        if (!cli_number(optarg, 1, 1000, &number)) {
            return cli_usage(tool, "--rounds takes a number from 1 to 1000, not ", optarg);
        }
        arguments->rounds = (unsigned)number;
    } else if (option == 's') {
        if (!cli_number(optarg, 0, MAX_SKEW, &number)) {
            return cli_usage(tool, "--skew takes a number from 0 to 1000000000, not ", optarg);
        }
        arguments->skew = (size_t)number;
    } else {
        if (!cli_number(optarg, 3, INT_MAX, &number)) {
            return cli_usage(tool, "--decoded takes the number of an open file, 3 or more, not ",
                             optarg);
        }
        arguments->decoded = (int)number;
    }
    return -1;
}

static int take_option(void *of, int option) {
    struct arguments *arguments = of;
    if (option == 'r' || option == 's' || option == 'd') {
        return take_number(arguments, option);
    } else if (option == 't') {
        if (!parse_touch(optarg, &arguments->touch))
            return cli_usage(tool, "--touch takes pages, all or none, not ", optarg);
    } else if (option == 'a') {
        if (!parse_api(optarg, &arguments->zmalloc))
            return cli_usage(tool, "--api takes malloc or zmalloc, not ", optarg);
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
    } else if (option == 'P') {
        arguments->preloaded = optarg;
    } else if (option == 'S') {
        arguments->stat = true;
    }
    return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    const int status = cli_options(tool, help, argc, argv, ":qh", options, take_option, arguments);
    if (status >= 0) return status;
    if (argc - optind > 1)
        return cli_usage(tool, "only one trace can be replayed; unexpected: ", argv[optind + 1]);
    arguments->trace = argv[optind];
    if (arguments->timeline && !arguments->json)
        return cli_usage(tool, "--timeline works with --json only", "");
    if (arguments->stat && (arguments->timeline || arguments->raw))
        return cli_usage(tool, "--stat replays nothing: leave out --timeline and --raw", "");
    return -1;
}

static bool find_trace(const char *given, const char *argv0, char path[CLI_PATH_SIZE]) {
    if (given ? cli_resolve(given, path) : cli_find(argv0, SHIPPED_TRACE, path)) return true;
    cli_error(tool, given ? "%s: the name is too long" : "cannot find %s in the runfiles",
              given ? given : SHIPPED_TRACE);
    return false;
}

/* The memory that a replay needs. */
static uint64_t needed(const struct ops *ops, enum touch touch, unsigned copies) {
    uint64_t blocks = touch == TOUCH_NONE ? ops->peak_untouched : ops->peak_touched;
    uint64_t order = ops->threads > 1 ? plan_size(ops) : 0;
    return ops->count * sizeof(*ops->op) + order +
           copies * (ops->objects * sizeof(void *) + blocks);
}

/* Checks that the replay fits into memory.  A trace may ask for more than there is; touching
 * that memory would end badly. */
static bool fits(const struct ops *ops, enum touch touch, uint64_t limit, const char *path) {
    uint64_t bytes = needed(ops, touch, 1);
    if (bytes <= limit) return true;
    cli_error(
        tool, "%s: needs %" PRIu64 " MiB at its peak, this machine allows %" PRIu64 " MiB%s", path,
        bytes >> 20, limit >> 20,
        needed(ops, TOUCH_NONE, 1) <= limit ? "; --touch=none replays it without using them" : "");
    return false;
}

/* The memory that this process may use, in bytes. */
static uint64_t memory_limit(void) {
    uint64_t limit = zmalloc_get_memory_limit();
    return limit ? limit : UINT64_MAX;
}

/* Whether to time the allocator without zmalloc, too; prints why not. */
static bool raw_fits(const struct arguments *arguments, const struct ops *ops, const char *path) {
    if (needed(ops, arguments->touch, 2) <= memory_limit()) return true;
    if (!arguments->quiet) {
        cli_error(tool, "%s: --raw is left out: this machine has no memory for a second replay",
                  path);
    }
    return false;
}

/* Says what the trace lacks, a line each. */
static void tell_gaps(const char *path, const char *gaps) {
    for (size_t length; *gaps; gaps += length + 1) {
        length = strcspn(gaps, "\n");
        cli_error(tool, "%s: %.*s", path, (int)length, gaps);
        if (gaps[length] == '\0') return;
    }
}

/* Leaves the decoded trace for the next zreplay; without it that takes longer, no more.  The file
 * may lie in memory. */
static void save(const struct arguments *arguments, const struct ops *ops, uint64_t limit) {
    if (needed(ops, arguments->touch, 2) + ops_saved_size(ops) > limit) return;
    (void)ops_save(ops, arguments->decoded);
}

/* Reads the trace; prints a line and returns false when it cannot be replayed. */
static bool read_trace(const struct arguments *arguments, const char *path, struct ops *ops) {
    struct zt_error error;
    uint64_t limit = memory_limit();
    bool decoded = arguments->decoded >= 0 && ops_load(ops, arguments->decoded) == 0;
    if (!decoded && ops_read(ops, path, limit / 2, &error) != 0) {
        cli_error(tool, "%s", error.text);
        return false;
    }
    if (ops->count == 0) {
        cli_error(tool, "%s: has no events%s", path, ops->truncated ? ": it is truncated" : "");
        return false;
    }
    if (ops->truncated && !arguments->quiet) {
        cli_error(tool, "%s: truncated at byte %" PRIu64 "; replaying the %zu events before it",
                  path, ops->whole, ops->count);
    }
    if (!arguments->quiet) tell_gaps(path, ops->gaps);
    if (!fits(ops, arguments->touch, limit, path)) return false;
    if (!decoded && arguments->decoded >= 0) save(arguments, ops, limit);
    return true;
}

/* Lets the program ask for what malloc() asks of this allocator, so that blocks are aligned to 16
 * bytes (malloc/malloc.c does the same). */
static void ask_as_malloc(struct ops *ops) {
    for (size_t i = 0; i < ops->count; i++) {
        struct op *op = &ops->op[i];
        if (op->op == ZT_FREE || op->op == ZT_ALIGNED || op->size > ZT_MAX_SIZE - 16) continue;
        op->size = raw_malloc_size(op->size) & ZT_MAX_SIZE;
    }
}

/* The longer a recording, the less does the order of a few events matter. */
static size_t default_skew(const struct ops *ops) {
    size_t skew = ops->count / 1000;
    return skew < 1 ? 1 : skew < MOST_SKEW ? skew : MOST_SKEW;
}

static int replay_and_report(const struct arguments *arguments, const char *path, struct ops *ops) {
    static struct result result;
    bool raw = arguments->raw && raw_fits(arguments, ops, path);
    const struct replay_options options = {
        .touch = arguments->touch,
        .rss_fixed = arguments->rss_fixed,
        .rounds = arguments->rounds,
        .raw = raw,
        .unknown_statistics = arguments->preloaded != NULL,
        .skew = arguments->skew == SIZE_MAX ? default_skew(ops) : arguments->skew};
    int status = replay(ops, &options, &result);
    if (status != 0) {
        const char *why =
            status > 0 ? strsignal(status) : "there is no memory or no process for it";
        cli_error(tool, "%s: the replay was ended: %s", path, why);
        return CLI_USAGE;
    }
    struct report report = {
        .trace = arguments->trace != NULL ? arguments->trace : SHIPPED_TRACE,
        .allocator = zmalloc_allocator_name(),
        .backend = ZMALLOC_BACKEND,
        .lib = arguments->preloaded ? arguments->preloaded : ZMALLOC_LIB,
        .ops = ops,
        .result = &result,
        .rounds = arguments->rounds,
    };
    if (arguments->json) {
        report_json(&report, arguments->timeline);
    } else {
        report_table(&report);
    }
    return result.used_leaked != 0;
}

/* Whether a library is loaded: the dynamic linker goes on when it cannot preload it. */
static bool is_loaded(const char *library) {
    static char maps[1 << 18];
    char line[CLI_PATH_SIZE + 2];
    snprintf(line, sizeof(line), " %s\n", library);
    return procfs_read("/proc/self/maps", maps, sizeof(maps)) && strstr(maps, line);
}

/* Reads what the trace tells by itself; false after a line. */
static bool read_stat(const struct arguments *arguments, const char *path,
                      struct trace_stat *stat) {
    struct zt_error error;
    if (stat_read(stat, path, memory_limit() / 2, &error) != 0) {
        cli_error(tool, "%s", error.text);
        return false;
    }
    if (stat->events == 0) {
        cli_error(tool, "%s: has no events%s", path, stat->truncated ? ": it is truncated" : "");
        return false;
    }
    if (stat->truncated && !arguments->quiet) {
        cli_error(tool, "%s: truncated at byte %" PRIu64 ", after %" PRIu64 " events", path,
                  stat->whole, stat->events);
    }
    if (!arguments->quiet) tell_gaps(path, stat->gaps);
    return true;
}

/* Prints what the trace tells by itself. */
static int print_stat(const struct arguments *arguments, const char *path) {
    static struct trace_stat stat;
    const char *name = arguments->trace ? arguments->trace : SHIPPED_TRACE;
    bool ok = read_stat(arguments, path, &stat);
    if (ok && arguments->json) {
        stat_json(&stat, name);
    } else if (ok) {
        stat_text(&stat, name);
    }
    stat_free(&stat);
    return ok ? cli_printed(tool) : CLI_USAGE;
}

int main(int argc, char **argv) {
    static char buffer[65536];
    struct arguments arguments = {
        .touch = TOUCH_PAGES, .rounds = 3, .skew = SIZE_MAX, .decoded = -1};
    arguments.rss_fixed = resident_now();
    char path[CLI_PATH_SIZE];
    /* stdio's own buffer would come from the allocator. */
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    if (!find_trace(arguments.trace, argv[0], path)) return CLI_USAGE;
    if (arguments.stat) return print_stat(&arguments, path);
    if (arguments.preloaded && !is_loaded(arguments.preloaded)) {
        cli_error(tool, "%s is not loaded", arguments.preloaded);
        return CLI_USAGE;
    }
    struct ops ops;
    status = CLI_USAGE;
    bool read = read_trace(&arguments, path, &ops);
    if (read && !arguments.zmalloc) ask_as_malloc(&ops);
    if (read) status = replay_and_report(&arguments, path, &ops);
    ops_free(&ops);
    int printed = cli_printed(tool);
    return printed != 0 ? printed : status;
}
