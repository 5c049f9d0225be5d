/* Records a program's requests to its allocator. */
#include <errno.h>
#include <fcntl.h>
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
#include "tools/ztrace/attach.h"
#include "tools/ztrace/convert.h"
#include "tools/ztrace/inspect.h"
#include "tools/ztrace/launch.h"
#include "tools/ztrace/new_file.h"
#include "tools/ztrace/raw.h"
#include "tools/ztrace/traces.h"

#define TOOL "ztrace"

/* Bytes from one allocation whose stack is recorded to the next, on average.  A stack takes some
 * us. */
enum { STACK_RATE = 32768 };

#define LINKED_LIBRARY "tools/ztrace/libztrace_linked.so"
#define ATTACHED_LIBRARY "tools/ztrace/libztrace_attached.so"

/* The children that --follow follows. */
enum { USUAL_FOLLOWED = 100 };

static const char help[] =
    "Usage: ztrace [-o FILE] [options] PROGRAM [ARGUMENT]...\n"
    "       ztrace --attach=PID [-o FILE] [options]\n"
    "       ztrace --convert RAW -o FILE [options]\n"
    "Runs PROGRAM, which needs no change, and records its allocations into FILE.\n"
    "\n"
    "  -o, --output=FILE  the trace (default PROGRAM.ztrace)\n"
    "  -f, --force        replace FILE if it exists\n"
    "      --stacks=DEPTH record call stacks of up to DEPTH functions, 1 to 64, of a sample of "
    "the\n"
    "                     allocations: one in 32 KiB on average.  zreplay --stat prints them\n"
    "      --follow[=N]   record children too, the first N of them, 1 to 1000 (default 100), each\n"
    "                     into a trace of its own: FILE.1, FILE.2, ...; wait until they end\n"
    "      --paused       record nothing until ztrace gets SIGUSR1; with or without --paused,\n"
    "                     SIGUSR2 to ztrace stops the recording, and PROGRAM goes on\n"
    "      --duration=S   stop recording after S seconds, 1 to 1000000000; PROGRAM goes on\n"
    "      --max-size=N   stop recording when the recording has N bytes, 1048576 to 2^50; it\n"
    "                     takes 32 bytes a call, and the trace about one; PROGRAM goes on\n"
    "      --attach=PID   record process PID, which runs already, until it ends or ztrace gets\n"
    "                     SIGINT or SIGTERM; needs gdb, and has risks: tools/ztrace/README.md\n"
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
    "a program brings along, and, without --follow, children that it forks.\n"
    "zreplay's `compare FILE` replays the trace over every allocator.\n";

struct arguments {
    const char *output;
    const char *raw; /* to convert */
    bool force;
    bool quiet;
    bool paused;
    uint64_t attach; /* to this process; 0: to none */
    uint64_t tick_ns;
    uint64_t duration; /* in seconds; 0: to the end */
    uint64_t follow;   /* so many children; 0: none */
    uint64_t stacks;   /* frames of each at most; 0: none */
    uint64_t max_size; /* of the recording, in bytes; 0: any */
    char **command;
};

/* Takes the value of an option that is a number.  Returns -1 to go on, or the exit status. */
static int take_number(int option, struct arguments *arguments) {
    const struct {
        int option;
        const char *wrong;
        uint64_t least, most, *number;
    } known[] = {
        {'t', "--tick takes a number from 1 to 1000000000, not ", 1, ZT_MAX_TICK,
         &arguments->tick_ns},
        {'d', "--duration takes seconds, a number from 1 to 1000000000, not ", 1, 1000000000,
         &arguments->duration},
        {'a', "--attach takes the number of a process, not ", 1, INT32_MAX, &arguments->attach},
        {'F', "--follow takes a number from 1 to 1000, not ", 1, RAW_MAX_FOLLOWED,
         &arguments->follow},
        {'s', "--stacks takes a number from 1 to 64, not ", 1, RAW_MAX_DEPTH, &arguments->stacks},
        {'m', "--max-size takes bytes, a number from 1048576 to 1125899906842624, not ", 1 << 20,
         UINT64_C(1) << 50, &arguments->max_size},
    };
    size_t i = 0;
    while (i + 1 < sizeof(known) / sizeof(*known) && known[i].option != option) i++;
    if (cli_number(optarg, known[i].least, known[i].most, known[i].number)) return -1;
    return cli_usage(TOOL, known[i].wrong, optarg);
}

/* What must be given, and what must not.  Returns -1 to go on, or the exit status. */
static int check(const struct arguments *arguments) {
    const char *program = *arguments->command;
    if (arguments->paused && arguments->follow) {
        return cli_usage(TOOL, "--paused and --follow exclude each other", "");
    }
    if (arguments->attach && (arguments->raw || arguments->follow)) {
        return cli_usage(TOOL, "--attach excludes ", arguments->raw ? "--convert" : "--follow");
    }
    if (arguments->attach) {
        return program ? cli_usage(TOOL, "--attach runs no program; unexpected: ", program) : -1;
    }
    if (!arguments->raw) return program ? -1 : cli_usage(TOOL, "no program to run is given", "");
    if (program) return cli_usage(TOOL, "--convert runs no program; unexpected: ", program);
    const char *unexpected = arguments->duration   ? "--duration"
                             : arguments->max_size ? "--max-size"
                             : arguments->follow   ? "--follow"
                             : arguments->stacks   ? "--stacks"
                             : arguments->paused   ? "--paused"
                                                   : NULL;
    if (unexpected) return cli_usage(TOOL, "--convert records nothing; unexpected: ", unexpected);
    return arguments->output ? -1 : cli_usage(TOOL, "--convert needs --output", "");
}

static int take_option(void *of, int option) {
    struct arguments *arguments = of;
    if (option == 'o') {
        arguments->output = optarg;
    } else if (option == 'f') {
        arguments->force = true;
    } else if (option == 'c') {
        arguments->raw = optarg;
    } else if (option == 'q') {
        arguments->quiet = true;
    } else if (option == 'p') {
        arguments->paused = true;
    } else if (option == 'F' && !optarg) {
        arguments->follow = USUAL_FOLLOWED;
    } else {
        return take_number(option, arguments);
    }
    return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"force", no_argument, NULL, 'f'},
        {"tick", required_argument, NULL, 't'},
        {"duration", required_argument, NULL, 'd'},
        {"max-size", required_argument, NULL, 'm'},
        {"follow", optional_argument, NULL, 'F'},
        {"stacks", required_argument, NULL, 's'},
        {"convert", required_argument, NULL, 'c'},
        {"quiet", no_argument, NULL, 'q'},
        {"paused", no_argument, NULL, 'p'},
        {"attach", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const int status =
        cli_options(TOOL, help, argc, argv, "+:o:fqh", options, take_option, arguments);
    if (status >= 0) return status;
    arguments->command = argv + optind;
    return check(arguments);
}

/* Writes the beginning of a recording.  One of a process that runs since `age_ns` begins paused,
 * until the process has loaded the library.  0, or an errno. */
static int begin_raw(int fd, const struct arguments *arguments, const struct obstacle *obstacle,
                     uint64_t age_ns) {
    struct timespec now;
    int error = posix_fallocate(fd, 0, RAW_BEGIN_SIZE); /* so that writing to it cannot fail */
    if (error) return error;
    struct raw_header *header =
        mmap(NULL, sizeof(*header), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (header == MAP_FAILED) return errno;
    clock_gettime(CLOCK_MONOTONIC, &now);
    header->magic = RAW_MAGIC;
    header->start_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec - age_ns;
    header->start_time = (int64_t)time(NULL);
    header->until_ns = UINT64_MAX;
    if (arguments->duration) header->until_ns = header->start_ns + arguments->duration * 1000000000;
    header->max_size = arguments->max_size ? arguments->max_size : UINT64_MAX;
    header->follow = (uint32_t)arguments->follow;
    header->processes = 1;
    header->paused = arguments->paused || arguments->attach;
    header->stacks = (uint32_t)arguments->stacks;
    header->stack_rate = STACK_RATE;
    snprintf(header->program, sizeof(header->program), "%s", cli_base_name(arguments->command[0]));
    if (obstacle->text) {
        snprintf(header->obstacle, sizeof(header->obstacle), "%s %s", header->program,
                 obstacle->text);
    }
    munmap(header, sizeof(*header));
    return 0;
}

/* The raw recording, beside the trace.  Its descriptor, or -1 after a line that says why. */
static int create_raw(const char *path, const struct arguments *arguments,
                      const struct obstacle *obstacle, uint64_t age_ns) {
    struct new_file file;
    int error = new_file_create(&file, path) == 0 ? 0 : errno;
    if (!error) error = begin_raw(file.fd, arguments, obstacle, age_ns);
    if (!error && new_file_name(&file, path, false) != 0) error = errno;
    if (!error) return file.fd;
    cli_error(TOOL,
              error == EEXIST ? "%s: exists: a recording goes on, or was interrupted; make a "
                                "trace of it with --convert, or remove it"
                              : "%s: %s",
              path, strerror(error));
    if (file.fd >= 0) new_file_close(&file);
    return -1;
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

static struct traces traces_of(const struct arguments *arguments) {
    return (struct traces){.force = arguments->force,
                           .quiet = arguments->quiet,
                           .tick_ns = (uint32_t)arguments->tick_ns,
                           .follow = (uint32_t)arguments->follow};
}

static int convert_only(const struct arguments *arguments, const char *output) {
    const struct traces how = traces_of(arguments);
    struct conversion conversion;
    char raw[CLI_PATH_SIZE];
    if (!cli_resolve(arguments->raw, raw))
        return cli_usage(TOOL, "the name is too long: ", arguments->raw);
    int fd = open_raw(raw);
    if (fd < 0) return CLI_USAGE;
    struct zt_error error = {{0}};
    int result;
    if (same_file(fd, output)) {
        zt_fail(&error, "%s: is the recording itself; -o names another file", output);
        result = -1;
    } else {
        result = write_trace(&how, raw, fd, output, &conversion, &error);
    }
    if (result < 0) cli_error(TOOL, "%s", error.text);
    if (result >= 0) print_children(&how, &conversion);
    close(fd);
    return result == 0 ? 0 : CLI_USAGE;
}

/* Finds the library to preload. */
static bool find_library(const char *argv0, const char *file, char library[CLI_PATH_SIZE]) {
    char found[CLI_PATH_SIZE];
    if (!cli_find(argv0, file, found)) {
        cli_error(TOOL, "%s is neither among the runfiles nor beside the program",
                  cli_base_name(file));
        return false;
    }
    if (cli_preloadable(found, library)) return true;
    cli_error(TOOL, "%s: LD_PRELOAD cannot take a name with a space or a colon", found);
    return false;
}

/* Finds what will keep ztrace from recording the program, and says it. */
static struct obstacle check_program(const char *program) {
    struct obstacle obstacle = inspect_program(program);
    if (obstacle.text) {
        cli_error(TOOL, "%s %s%s", program, obstacle.text,
                  obstacle.fatal ? ": it would not run, and is not started" : "");
    }
    return obstacle;
}

/* A process that goes on has mapped the file: at least its disk space is freed. */
static void remove_raw(const char *raw, int fd) {
    struct stat stat;
    if (fstat(fd, &stat) == 0 && stat.st_size > RAW_BEGIN_SIZE) {
        (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, RAW_BEGIN_SIZE,
                        stat.st_size - RAW_BEGIN_SIZE);
    }
    unlink(raw);
}

/* Makes the traces; the exit status. */
static int write_traces(const struct traces *how, const char *raw, int fd, const char *output,
                        int status) {
    struct conversion conversion;
    struct zt_error why;
    int written = write_trace(how, raw, fd, output, &conversion, &why);
    if (written < 0) {
        cli_error(TOOL, "%s; the recording is kept: ztrace --convert %s -o FILE", why.text, raw);
    }
    int children = how->follow ? write_children(how, raw, fd) : EMPTY;
    if (written >= 0) {
        print_children(how, &conversion);
        remove_raw(raw, fd);
    }
    bool nothing = written == EMPTY && children == EMPTY;
    return written < 0 || children < 0 || (nothing && status == 0) ? CLI_USAGE : status;
}

/* Runs the program, and makes a trace of its requests.  Returns the exit status. */
static int run(const struct arguments *arguments, const char *library, const char *raw, int fd,
               const char *output) {
    struct launch how = {arguments->command, library, raw, fd, cli_user_folder()};
    struct traces traces = traces_of(arguments);
    traces.linked = strcmp(cli_base_name(library), cli_base_name(LINKED_LIBRARY)) == 0;
    if (arguments->paused && !arguments->quiet) {
        cli_error(TOOL, "paused: kill -USR1 %ld begins the recording", (long)getpid());
    }
    int error, status = launch(&how, &error);
    if (error && interrupted()) {
        cli_error(TOOL, "interrupted before the program was started");
    } else if (error) {
        cli_error(TOOL, "%s: %s", arguments->command[0], strerror(error));
        status = error == ENOENT ? 127 : 126;
    } else {
        return write_traces(&traces, raw, fd, output, status);
    }
    unlink(raw);
    return status;
}

/* Checks that the names are free, and gives that of the recording.  -1, or the exit status. */
static int name_raw(const struct arguments *arguments, const char *output,
                    char raw[CLI_PATH_SIZE]) {
    struct zt_error error = {{0}};
    if (snprintf(raw, CLI_PATH_SIZE, "%s.raw", output) >= CLI_PATH_SIZE) {
        return cli_usage(TOOL, "the name is too long: ", output);
    }
    if (may_write(output, arguments->force, &error) == 0 &&
        may_write_children(raw, (uint32_t)arguments->follow, arguments->force, &error) == 0) {
        return -1;
    }
    cli_error(TOOL, "%s", error.text);
    return CLI_USAGE;
}

static int record(const struct arguments *arguments, const char *argv0, const char *output) {
    char raw[CLI_PATH_SIZE], library[CLI_PATH_SIZE];
    int status = name_raw(arguments, output, raw);
    if (status >= 0) return status;
    struct obstacle obstacle = check_program(arguments->command[0]);
    if (obstacle.fatal) return 126;
    const char *file =
        obstacle.kind == INSPECT_OTHER_NEW ? LINKED_LIBRARY : "tools/ztrace/libztrace.so";
    if (!find_library(argv0, file, library)) return CLI_USAGE;
    int fd = create_raw(raw, arguments, &obstacle, 0);
    if (fd < 0) return CLI_USAGE;
    status = run(arguments, library, raw, fd, output);
    close(fd);
    return status;
}

/* Records a process that runs already. */
static int record_running(const struct arguments *arguments, const struct running *running,
                          const char *argv0, const char *output) {
    static const struct obstacle partly = {
        .text =
            "ran already (--attach): calls through pointers that it had stored before, and "
            "those of libraries that it loads later, are not recorded"};
    const struct traces traces = traces_of(arguments);
    char raw[CLI_PATH_SIZE], library[CLI_PATH_SIZE];
    int status = name_raw(arguments, output, raw);
    if (status >= 0) return status;
    if (!find_library(argv0, ATTACHED_LIBRARY, library)) return CLI_USAGE;
    int fd = create_raw(raw, arguments, &partly, running->age_ns);
    if (fd < 0) return CLI_USAGE;
    if (attach(running, library, raw, interrupted)) {
        if (!arguments->paused) begin_recording(fd);
        if (!arguments->quiet) {
            cli_error(TOOL, "process %ld is recorded%s; SIGINT or SIGTERM ends that, and not it",
                      (long)running->pid, arguments->paused ? " once ztrace gets SIGUSR1" : "");
        }
        watch_running(running, fd);
        status = write_traces(&traces, raw, fd, output, 0);
    } else {
        unlink(raw);
        status = CLI_USAGE;
    }
    close(fd);
    return status;
}

/* The name of a trace that is given none. */
static void name_output(struct arguments *arguments, const char *program,
                        char name[CLI_PATH_SIZE]) {
    if (arguments->output) return;
    snprintf(name, CLI_PATH_SIZE, "%s.ztrace", cli_base_name(program));
    arguments->output = name;
}

int main(int argc, char **argv) {
    struct arguments arguments = {.tick_ns = 1};
    struct running running;
    char output[CLI_PATH_SIZE], name[CLI_PATH_SIZE], *command[] = {running.program, NULL};
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    if (arguments.attach) {
        if (!attach_check((pid_t)arguments.attach, &running)) return CLI_USAGE;
        arguments.command = command;
    }
    name_output(&arguments, arguments.command[0], name);
    if (!cli_resolve(arguments.output, output))
        return cli_usage(TOOL, "the name is too long: ", arguments.output);
    take_signals();
    status = arguments.raw      ? convert_only(&arguments, output)
             : arguments.attach ? record_running(&arguments, &running, argv[0], output)
                                : record(&arguments, argv[0], output);
    if (interrupted()) {
        signal(interrupted(), SIG_DFL);
        raise(interrupted());
    }
    return status;
}
