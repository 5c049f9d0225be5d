/* Records what a program asks of its allocator. */
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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/ztrace/convert.h"
#include "tools/ztrace/launch.h"
#include "tools/ztrace/raw.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

#define TOOL "ztrace"

/* Of a recording without events. */
enum { EMPTY = 1 };

static const char help[] =
    "Usage: ztrace [-o FILE] [options] PROGRAM [ARGUMENT]...\n"
    "       ztrace --convert RAW -o FILE [options]\n"
    "Records every allocation of PROGRAM, which need not be changed, into FILE.\n"
    "\n"
    "  -o, --output=FILE  the trace; without it PROGRAM.ztrace\n"
    "  -f, --force        replace FILE when it is there\n"
    "      --tick=NS      round times down to NS nanoseconds (1 to 1000000000; 1 without\n"
    "                     it): larger ticks make smaller files\n"
    "      --convert=RAW  make a trace of FILE.raw, which an interrupted ztrace left\n"
    "  -q, --quiet        no line about what was recorded\n"
    "  -h, --help         this text\n"
    "\n"
    "The exit status is PROGRAM's, or 128 + the signal that ended it; 2 for wrong\n"
    "arguments and files, 126 or 127 when PROGRAM cannot be run.  When nothing was\n"
    "recorded FILE is left as it was, and 2 takes the place of PROGRAM's 0.\n"
    "Linux only.  Not recorded: statically linked and setuid programs, and the\n"
    "children that PROGRAM forks.  `zreplay FILE` replays the trace.\n";

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
            return usage(option == ':' ? "a value is missing after " : "no such option: ", given);
        }
    }
    arguments->command = argv + optind;
    if (arguments->raw) {
        if (*arguments->command) return usage("--convert runs no program: ", *arguments->command);
        if (!arguments->output) return usage("--convert wants --output", "");
        return -1;
    }
    return *arguments->command ? -1 : usage("which program is to be run?", "");
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether the name is free for the trace, or may be freed.  Tells why not. */
static bool may_write(const char *path, bool force) {
    struct stat stat;
    if (lstat(path, &stat) != 0) return true; /* creating it will tell */
    if (S_ISREG(stat.st_mode) && force) return true;
    cli_error(TOOL,
              S_ISREG(stat.st_mode) ? "%s: exists; --force replaces it, -o names another"
                                    : "%s: exists and is no regular file; -o names another",
              path);
    return false;
}

/* Creates a file of the user's own, never one that is there. */
static int create(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) cli_error(TOOL, "%s: %s", path, strerror(errno));
    return fd;
}

/* The same in the folder of `path`, under a name that is free. */
static int create_temporary(const char *path, char temporary[CLI_PATH_SIZE]) {
    int folder = (int)(base_name(path) - path);
    int size = snprintf(temporary, CLI_PATH_SIZE, "%.*s.ztrace-XXXXXX", folder, path);
    errno = ENAMETOOLONG;
    int fd = size < CLI_PATH_SIZE ? mkostemp(temporary, O_CLOEXEC) : -1;
    if (fd < 0) cli_error(TOOL, "%s: %s", path, strerror(errno));
    return fd;
}

/* Not every file system knows both ways of not replacing a file. */
static bool move_to_free_name(const char *from, const char *to) {
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    return link(from, to) == 0 && unlink(from) == 0;
}

/* The raw recording, beside the trace. */
static int create_raw(const char *path, const char *program) {
    int fd = create(path);
    if (fd < 0) {
        if (errno == EEXIST) {
            cli_error(TOOL, "an earlier recording left it; --convert makes a trace of it");
        }
        return -1;
    }
    struct raw_header *header = MAP_FAILED;
    errno = posix_fallocate(fd, 0, RAW_HEADER_SIZE); /* so that writing to it cannot fail */
    if (errno == 0) {
        header = mmap(NULL, sizeof(*header), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (header == MAP_FAILED) {
        cli_error(TOOL, "%s: %s", path, strerror(errno));
        close(fd);
        unlink(path);
        return -1;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    header->magic = RAW_MAGIC;
    header->start_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    header->start_time = (int64_t)time(NULL);
    snprintf(header->program, sizeof(header->program), "%s", program);
    munmap(header, sizeof(*header));
    return fd;
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

/* Why a recording has no events; there is no trace then. */
static void print_empty(const struct conversion *c) {
    if (!c->images) {
        cli_error(TOOL, "nothing was recorded: is the program statically linked or setuid?");
    } else if (c->failed || c->lost || c->damaged) {
        cli_error(TOOL, "nothing was recorded: %s",
                  c->failed ? strerror((int)c->failed) : "all events were lost or damaged");
    } else {
        cli_error(TOOL, "nothing was recorded: the program called no function of malloc's");
    }
}

/* Gives the temporary file its name.  Only with `force` in place of another
 * file, and never through a link. */
static int publish(const char *temporary, const char *path, bool force) {
    if (!may_write(path, force)) return -1;
    if (force ? rename(temporary, path) == 0 : move_to_free_name(temporary, path)) return 0;
    cli_error(TOOL, "%s: %s", path, strerror(errno));
    return -1;
}

/* Tells what came of it: EMPTY or 0. */
static int finish(const struct arguments *arguments, const struct conversion *c, uint64_t size) {
    if (c->events == 0) {
        print_empty(c);
    } else if (!arguments->quiet) {
        print_summary(c, size);
    }
    if (!arguments->quiet) print_children(c);
    return c->events == 0 ? EMPTY : 0;
}

/* Makes the trace of the raw recording and names it `path` once it is whole;
 * 0, EMPTY or -1. */
static int write_trace(const struct arguments *arguments, const char *raw, int raw_fd,
                       const char *path) {
    struct zt_error error;
    struct stat stat = {.st_size = 0};
    char temporary[CLI_PATH_SIZE];
    struct conversion conversion = {
        .raw_name = raw,
        .out_name = path,
        .raw_fd = raw_fd,
        .tick_ns = arguments->tick_ns,
        .progress = !arguments->quiet,
    };
    if (!may_write(path, arguments->force)) return -1;
    signal(SIGXFSZ, SIG_IGN); /* EFBIG tells */
    conversion.out_fd = create_temporary(path, temporary);
    if (conversion.out_fd < 0) return -1;
    int result = convert(&conversion, &error);
    if (result != 0) cli_error(TOOL, "%s", error.text);
    if (result == 0 && (fstat(conversion.out_fd, &stat) != 0 || fsync(conversion.out_fd) != 0)) {
        cli_error(TOOL, "%s: %s", path, strerror(errno));
        result = -1;
    }
    close(conversion.out_fd);
    bool named = result == 0 && conversion.events > 0;
    if (named) result = publish(temporary, path, arguments->force);
    if (!named || result != 0) unlink(temporary);
    return result == 0 ? finish(arguments, &conversion, (uint64_t)stat.st_size) : -1;
}

/* Whether the trace would take the place of the recording it is made of. */
static bool same_file(int raw, const char *output) {
    struct stat from, to;
    if (fstat(raw, &from) != 0 || stat(output, &to) != 0) return false;
    return from.st_dev == to.st_dev && from.st_ino == to.st_ino;
}

/* Opens what is to be converted, without waiting at a FIFO for who writes to it. */
static int open_raw(const char *path) {
    struct stat stat;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        cli_error(TOOL, "%s: %s", path, strerror(errno));
    } else if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        cli_error(TOOL, "%s: is no regular file", path);
        close(fd);
        fd = -1;
    }
    return fd;
}

static int convert_only(const struct arguments *arguments, const char *output) {
    char raw[CLI_PATH_SIZE];
    if (!cli_resolve(arguments->raw, raw)) return usage("too long a name: ", arguments->raw);
    int fd = open_raw(raw);
    if (fd < 0) return CLI_USAGE;
    int result = -1;
    if (same_file(fd, output)) {
        cli_error(TOOL, "%s: is the recording itself; -o names another file", output);
    } else {
        result = write_trace(arguments, raw, fd, output);
    }
    close(fd);
    return result == 0 ? 0 : CLI_USAGE;
}

/* Finds the library to preload; its name goes through a list that is
 * separated by both of these. */
static bool find_library(const char *argv0, char library[CLI_PATH_SIZE]) {
    char found[CLI_PATH_SIZE];
    if (!cli_find(argv0, "tools/ztrace/libztrace.so", found)) {
        cli_error(TOOL, "libztrace.so is neither among the runfiles nor beside the program");
        return false;
    }
    char *real = realpath(found, NULL);
    bool ok = real && strlen(real) < CLI_PATH_SIZE && !strpbrk(real, " :");
    if (ok) strcpy(library, real);
    if (!ok) cli_error(TOOL, "%s: LD_PRELOAD cannot hold this name (a space or a colon)", found);
    free(real);
    return ok;
}

static int record(const struct arguments *arguments, const char *argv0, const char *output) {
    char raw[CLI_PATH_SIZE], library[CLI_PATH_SIZE];
    int error;
    if (!find_library(argv0, library)) return CLI_USAGE;
    if (snprintf(raw, sizeof(raw), "%s.raw", output) >= (int)sizeof(raw)) {
        return usage("too long a name: ", output);
    }
    int fd = create_raw(raw, base_name(arguments->command[0]));
    if (fd < 0) return CLI_USAGE;
    struct launch how = {arguments->command, library, raw, cli_user_folder()};
    int status = launch(&how, &error);
    int written = 0;
    if (error) {
        cli_error(TOOL, "%s: %s", arguments->command[0], strerror(error));
        status = error == ENOENT ? 127 : 126;
    } else {
        written = write_trace(arguments, raw, fd, output);
    }
    if (written < 0) cli_error(TOOL, "%s is kept; ztrace --convert makes a trace of it", raw);
    if (written < 0 || (written == EMPTY && status == 0)) status = CLI_USAGE;
    close(fd);
    if (written >= 0) unlink(raw);
    return status;
}

int main(int argc, char **argv) {
    struct arguments arguments = {.tick_ns = 1};
    char output[CLI_PATH_SIZE], name[CLI_PATH_SIZE];
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    if (!arguments.output) {
        snprintf(name, sizeof(name), "%s.ztrace", base_name(arguments.command[0]));
        arguments.output = name;
    }
    if (!cli_resolve(arguments.output, output)) return usage("too long a name: ", arguments.output);
    if (arguments.raw) return convert_only(&arguments, output);
    return may_write(output, arguments.force) ? record(&arguments, argv[0], output) : CLI_USAGE;
}
