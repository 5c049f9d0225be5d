/* Records a program's requests to its allocator. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/trace/format.h"
#include "tools/ztrace/convert.h"
#include "tools/ztrace/inspect.h"
#include "tools/ztrace/launch.h"
#include "tools/ztrace/new_file.h"
#include "tools/ztrace/raw.h"

#define TOOL "ztrace"

/* The exit status for a recording without events. */
enum { EMPTY = 1 };

static const char help[] =
    "Usage: ztrace [-o FILE] [options] PROGRAM [ARGUMENT]...\n"
    "       ztrace --convert RAW -o FILE [options]\n"
    "Runs PROGRAM, which needs no change, and records its allocations into FILE.\n"
    "\n"
    "  -o, --output=FILE  the trace (default PROGRAM.ztrace)\n"
    "  -f, --force        replace FILE if it exists\n"
    "      --tick=NS      round times down to NS nanoseconds, 1 to 1000000000 (default 1);\n"
    "                     larger ticks make smaller files\n"
    "      --convert=RAW  make a trace of RAW, the recording that an interrupted ztrace left\n"
    "  -q, --quiet        print no line about what was recorded\n"
    "  -h, --help         print this text\n"
    "\n"
    "Exit status: PROGRAM's, or 128 + the number of the signal that ended it; 2 for wrong\n"
    "arguments or files; 126 or 127 when PROGRAM cannot be run.  When nothing was recorded,\n"
    "no trace is written, and the status is 2 where PROGRAM's is 0.\n"
    "Linux only.  Not recorded: programs that are statically linked or setuid, allocators that\n"
    "a program brings along, and children that it forks.  `zreplay FILE` replays the trace.\n";

struct arguments {
    const char *output;
    const char *raw; /* to convert */
    bool force;
    bool quiet;
    uint32_t tick_ns;
    char **command;
};

static int usage(const char *message, const char *about) {
    cli_error(TOOL, "%s%s (see ztrace --help)", message, about);
    return CLI_USAGE;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"force", no_argument, NULL, 'f'},
        {"tick", required_argument, NULL, 't'},
        {"convert", required_argument, NULL, 'c'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    uint64_t tick;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:o:fqh", options, NULL)) != -1) {
        const char *given = argv[optind - 1];
        if (option == 'o') {
            arguments->output = optarg;
        } else if (option == 'f') {
            arguments->force = true;
        } else if (option == 'c') {
            arguments->raw = optarg;
        } else if (option == 'q') {
            arguments->quiet = true;
        } else if (option == 't') {
            if (!cli_number(optarg, 1, ZT_MAX_TICK, &tick)) {
                return usage("--tick takes a number from 1 to 1000000000, not ", optarg);
            }
            arguments->tick_ns = (uint32_t)tick;
        } else if (option == 'h') {
            return cli_help(TOOL, help) == 0 ? 0 : CLI_USAGE;
        } else {
            return usage(option == ':' ? "a value is missing after " : "unknown option ", given);
        }
    }
    arguments->command = argv + optind;
    if (arguments->raw) {
        if (*arguments->command)
            return usage("--convert runs no program; unexpected: ", *arguments->command);
        if (!arguments->output) return usage("--convert needs --output", "");
        return -1;
    }
    return *arguments->command ? -1 : usage("no program to run is given", "");
}

static int fail(struct zt_error *error, const char *path, const char *why) {
    zt_fail(error, "%s: %s", path, why);
    return -1;
}

/* Checks that the name is free for the trace, or may be freed: 0 or -1. */
static int may_write(const char *path, bool force, struct zt_error *error) {
    struct stat stat;
    if (lstat(path, &stat) != 0) return 0; /* creating it will tell */
    if (!S_ISREG(stat.st_mode)) {
        return fail(error, path, "exists and is not a regular file; -o names another");
    }
    return force ? 0 : fail(error, path, "exists; --force replaces it, -o names another");
}

/* Writes the beginning of a recording.  0, or an errno. */
static int begin_raw(int fd, const char *program) {
    struct timespec now;
    int error = posix_fallocate(fd, 0, RAW_HEADER_SIZE); /* so that writing to it cannot fail */
    if (error) return error;
    struct raw_header *header =
        mmap(NULL, sizeof(*header), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (header == MAP_FAILED) return errno;
    clock_gettime(CLOCK_MONOTONIC, &now);
    header->magic = RAW_MAGIC;
    header->start_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    header->start_time = (int64_t)time(NULL);
    snprintf(header->program, sizeof(header->program), "%s", program);
    munmap(header, sizeof(*header));
    return 0;
}

/* The raw recording, beside the trace.  Its descriptor, or -1 after a line that says why. */
static int create_raw(const char *path, const char *program) {
    struct new_file file;
    int error = new_file_create(&file, path) == 0 ? 0 : errno;
    if (!error) error = begin_raw(file.fd, program);
    if (!error && new_file_name(&file, path, false) != 0) error = errno;
    if (!error) return file.fd;
    cli_error(TOOL,
              error == EEXIST ? "%s: exists: an earlier recording was interrupted; make a "
                                "trace of it with --convert, or remove it"
                              : "%s: %s",
              path, strerror(error));
    if (file.fd >= 0) new_file_close(&file);
    return -1;
}

static void print_summary(const struct conversion *c, uint64_t size) {
    fprintf(stderr, "%s: %s: %" PRIu64 " %s, %" PRIu32 " %s, %.1f MiB", TOOL, c->out_name,
            c->events, c->events == 1 ? "event" : "events", c->threads,
            c->threads == 1 ? "thread" : "threads", (double)size / 1048576);
    if (c->unknown) fprintf(stderr, "; %" PRIu64 " frees of unknown blocks ignored", c->unknown);
    if (c->missed) fprintf(stderr, "; %" PRIu64 " frees not seen", c->missed);
    if (c->lost) fprintf(stderr, "; %" PRIu64 " events lost", c->lost);
    if (c->failed) fprintf(stderr, " (%s)", strerror((int)c->failed));
    if (c->damaged) fprintf(stderr, "; %" PRIu64 " damaged records ignored", c->damaged);
    fputc('\n', stderr);
}

static void print_children(const struct conversion *c) {
    if (!c->children) return;
    bool one = c->children == 1;
    cli_error(TOOL, "%" PRIu32 " forked %s not recorded", c->children,
              one ? "child was" : "children were");
}

/* Prints why a recording has no events; there is no trace then. */
static void print_empty(const struct conversion *c) {
    const char *why = "the program called no function of malloc's";
    if (!c->images) {
        why = "the program did not load ztrace's library";
    } else if (c->failed) {
        why = strerror((int)c->failed);
    } else if (c->lost || c->damaged) {
        why = "all events were lost or damaged";
    }
    cli_error(TOOL, "nothing was recorded: %s", why);
}

/* Prints the result, and returns EMPTY or 0. */
static int finish(const struct arguments *arguments, const struct conversion *c, uint64_t size) {
    if (c->events == 0) {
        print_empty(c);
    } else if (!arguments->quiet) {
        print_summary(c, size);
    }
    if (!arguments->quiet) print_children(c);
    return c->events == 0 ? EMPTY : 0;
}

/* Converts into `file` and, unless that has no events, names it.  0 or -1. */
static int convert_to(struct new_file *file, const struct arguments *arguments,
                      struct conversion *conversion, struct stat *stat, struct zt_error *error) {
    const char *path = conversion->out_name;
    conversion->out_fd = file->fd;
    if (convert(conversion, error) != 0) return -1;
    if (fstat(file->fd, stat) != 0 || fsync(file->fd) != 0) {
        return fail(error, path, strerror(errno));
    }
    if (conversion->events == 0) return 0;
    /* Something may have that name by now. */
    if (may_write(path, arguments->force, error) != 0) return -1;
    if (new_file_name(file, path, arguments->force) == 0) return 0;
    return fail(error, path, strerror(errno));
}

/* Makes the trace of the raw recording and names it `path` once it is whole;
 * 0, EMPTY or -1. */
static int write_trace(const struct arguments *arguments, const char *raw, int raw_fd,
                       const char *path, struct zt_error *error) {
    struct stat stat = {.st_size = 0};
    struct new_file file;
    struct conversion conversion = {
        .raw_name = raw,
        .out_name = path,
        .raw_fd = raw_fd,
        .tick_ns = arguments->tick_ns,
        .progress = !arguments->quiet,
        .interrupted = interrupted,
    };
    error->text[0] = '\0';
    if (may_write(path, arguments->force, error) != 0) return -1;
    if (new_file_create(&file, path) != 0) return fail(error, path, strerror(errno));
    int result = convert_to(&file, arguments, &conversion, &stat, error);
    new_file_close(&file);
    return result == 0 ? finish(arguments, &conversion, (uint64_t)stat.st_size) : -1;
}

/* Whether the trace would take the place of the recording it is made of. */
static bool same_file(int raw, const char *output) {
    struct stat from, to;
    if (fstat(raw, &from) != 0 || stat(output, &to) != 0) return false;
    return from.st_dev == to.st_dev && from.st_ino == to.st_ino;
}

/* Opens the file to convert, and does not wait when it is a FIFO. */
static int open_raw(const char *path) {
    struct stat stat;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        cli_error(TOOL, "%s: %s", path, strerror(errno));
    } else if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        cli_error(TOOL, "%s: not a regular file", path);
        close(fd);
        fd = -1;
    }
    return fd;
}

static int convert_only(const struct arguments *arguments, const char *output) {
    char raw[CLI_PATH_SIZE];
    if (!cli_resolve(arguments->raw, raw)) return usage("the name is too long: ", arguments->raw);
    int fd = open_raw(raw);
    if (fd < 0) return CLI_USAGE;
    struct zt_error error = {{0}};
    int result;
    if (same_file(fd, output)) {
        result = fail(&error, output, "is the recording itself; -o names another file");
    } else {
        result = write_trace(arguments, raw, fd, output, &error);
    }
    if (result < 0) cli_error(TOOL, "%s", error.text);
    close(fd);
    return result == 0 ? 0 : CLI_USAGE;
}

/* Finds the library to preload. */
static bool find_library(const char *argv0, char library[CLI_PATH_SIZE]) {
    char found[CLI_PATH_SIZE];
    if (!cli_find(argv0, "tools/ztrace/libztrace.so", found)) {
        cli_error(TOOL, "libztrace.so is neither among the runfiles nor beside the program");
        return false;
    }
    if (cli_preloadable(found, library)) return true;
    cli_error(TOOL, "%s: LD_PRELOAD cannot take a name with a space or a colon", found);
    return false;
}

/* Says what will keep ztrace from recording the program.  Returns whether to start it. */
static bool check_program(const char *program) {
    struct obstacle obstacle = inspect_program(program);
    if (obstacle.text) {
        cli_error(TOOL, "%s %s%s", program, obstacle.text,
                  obstacle.fatal ? ": it would not run, and is not started" : "");
    }
    return !obstacle.fatal;
}

/* Runs the program, and makes a trace of its requests.  Returns the exit status. */
static int run(const struct arguments *arguments, const char *library, const char *raw, int fd,
               const char *output) {
    struct launch how = {arguments->command, library, raw, cli_user_folder()};
    struct zt_error why;
    int error, written = 0, status = launch(&how, &error);
    if (error && interrupted()) {
        cli_error(TOOL, "interrupted before the program was started");
    } else if (error) {
        cli_error(TOOL, "%s: %s", arguments->command[0], strerror(error));
        status = error == ENOENT ? 127 : 126;
    } else {
        written = write_trace(arguments, raw, fd, output, &why);
    }
    if (written >= 0) {
        unlink(raw);
    } else {
        cli_error(TOOL, "%s; the recording is kept: ztrace --convert %s -o FILE", why.text, raw);
    }
    return written < 0 || (written == EMPTY && status == 0) ? CLI_USAGE : status;
}

static int record(const struct arguments *arguments, const char *argv0, const char *output) {
    char raw[CLI_PATH_SIZE], library[CLI_PATH_SIZE];
    struct zt_error error = {{0}};
    if (may_write(output, arguments->force, &error) != 0) {
        cli_error(TOOL, "%s", error.text);
        return CLI_USAGE;
    }
    if (!find_library(argv0, library)) return CLI_USAGE;
    if (snprintf(raw, sizeof(raw), "%s.raw", output) >= (int)sizeof(raw)) {
        return usage("the name is too long: ", output);
    }
    if (!check_program(arguments->command[0])) return 126;
    int fd = create_raw(raw, cli_base_name(arguments->command[0]));
    if (fd < 0) return CLI_USAGE;
    int status = run(arguments, library, raw, fd, output);
    close(fd);
    return status;
}

int main(int argc, char **argv) {
    struct arguments arguments = {.tick_ns = 1};
    char output[CLI_PATH_SIZE], name[CLI_PATH_SIZE];
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    if (!arguments.output) {
        snprintf(name, sizeof(name), "%s.ztrace", cli_base_name(arguments.command[0]));
        arguments.output = name;
    }
    if (!cli_resolve(arguments.output, output))
        return usage("the name is too long: ", arguments.output);
    take_signals();
    status = arguments.raw ? convert_only(&arguments, output) : record(&arguments, argv[0], output);
    if (interrupted()) {
        signal(interrupted(), SIG_DFL);
        raise(interrupted());
    }
    return status;
}
