#include "tools/ztrace/traces.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/trace/format.h"
#include "tools/ztrace/convert.h"
#include "tools/ztrace/inspect.h"
#include "tools/ztrace/launch.h"
#include "tools/ztrace/new_file.h"
#include "tools/ztrace/raw.h"

#define TOOL "ztrace"

static int fail(struct zt_error *error, const char *path, const char *why) {
    zt_fail(error, "%s: %s", path, why);
    return -1;
}

int may_write(const char *path, bool force, struct zt_error *error) {
    struct stat stat;
    if (lstat(path, &stat) != 0) return 0; /* creating it will tell */
    if (!S_ISREG(stat.st_mode)) {
        return fail(error, path, "exists and is not a regular file; -o names another");
    }
    return force ? 0 : fail(error, path, "exists; --force replaces it, -o names another");
}

struct size_text {
    char text[32];
};

static struct size_text size_text(uint64_t bytes) {
    struct size_text size;
    const bool small = bytes < 1 << 20;
    snprintf(size.text, sizeof(size.text), "%.1f %s", (double)bytes / (small ? 1 << 10 : 1 << 20),
             small ? "KiB" : "MiB");
    return size;
}

static const char *frees(uint64_t count) { return count == 1 ? "free" : "frees"; }

static void print_summary(const struct conversion *c, uint64_t size) {
    fprintf(stderr, "%s: %s", TOOL, c->out_name);
    if (c->pid) fprintf(stderr, " (%s, pid %" PRIu32 ")", c->program, c->pid);
    fprintf(stderr, ": %" PRIu64 " %s, %" PRIu32 " %s", c->events,
            c->events == 1 ? "event" : "events", c->threads,
            c->threads == 1 ? "thread" : "threads");
    if (c->images > 1) fprintf(stderr, " of %" PRIu32 " programs, one after the other", c->images);
    fprintf(stderr, ", %s", size_text(size).text);
    if (c->unknown) {
        fprintf(stderr, "; %" PRIu64 " %s of unknown blocks ignored", c->unknown,
                frees(c->unknown));
    }
    if (c->missed) fprintf(stderr, "; %" PRIu64 " %s not seen", c->missed, frees(c->missed));
    if (c->lost) fprintf(stderr, "; %" PRIu64 " events lost", c->lost);
    if (c->failed) fprintf(stderr, " (%s)", strerror((int)c->failed));
    if (c->damaged) fprintf(stderr, "; %" PRIu64 " damaged records ignored", c->damaged);
    fputc('\n', stderr);
}

/* What share of the program the trace is about. */
static void print_program(const struct conversion *c) {
    fprintf(stderr, "%s: at most %s requested in live blocks", TOOL, size_text(c->peak).text);
    if (c->has_samples) {
        fprintf(stderr, "; the program took at most %s of memory (RssAnon), %.2f s of CPU time",
                size_text(c->rss_anon).text, (double)c->cpu_ns / 1e9);
    }
    fputc('\n', stderr);
}

static const char *children_were(uint32_t count) {
    return count == 1 ? "child was" : "children were";
}

void print_children(const struct traces *how, const struct conversion *c) {
    if (how->quiet) return;
    if (c->beyond && how->follow) {
        cli_error(TOOL, "%" PRIu32 " forked %s not recorded: --follow=%" PRIu32 " is the most%s",
                  c->beyond, children_were(c->beyond), how->follow,
                  c->stopped[0] ? ", and none is recorded after the recording stopped" : "");
    } else if (c->beyond) {
        cli_error(TOOL, "%" PRIu32 " forked %s not recorded", c->beyond, children_were(c->beyond));
    }
    if (c->unmade) {
        cli_error(TOOL, "%" PRIu32 " %s not recorded: %s", c->unmade, children_were(c->unmade),
                  strerror((int)c->unmade_error));
    }
    if (c->others) {
        cli_error(TOOL,
                  "%" PRIu32
                  " %s not recorded after executing what does not load ztrace's library "
                  "(a program that is statically linked or setuid, or was given no environment): "
                  "%s",
                  c->others, children_were(c->others), c->other_names);
    }
}

/* Prints why a recording has no events; there is no trace then. */
static void print_empty(const struct conversion *c) {
    const char *why = "the program called no function of malloc's";
    if (c->paused) {
        why = "ztrace got no SIGUSR1 (--paused)";
    } else if (!c->images) {
        why = "the program did not load ztrace's library";
    } else if (c->failed) {
        why = strerror((int)c->failed);
    } else if (c->lost || c->damaged) {
        why = "all events were lost or damaged";
    }
    if (c->executed[0]) {
        cli_error(TOOL,
                  "nothing was recorded: the program executed %s, which did not load "
                  "ztrace's library",
                  c->executed);
        return;
    }
    cli_error(TOOL, "nothing was recorded: %s", why);
}

/* Prints the result, and returns EMPTY or 0. */
static int finish(const struct traces *how, const struct conversion *c, uint64_t size) {
    if (c->events == 0 && !c->pid) print_empty(c);
    if (c->events && !how->quiet) {
        print_summary(c, size);
        if (!c->pid) print_program(c);
    }
    if (!how->quiet && c->begun[0]) {
        cli_error(TOOL, "recording began %s after the program: blocks from before are not in it",
                  c->begun);
    }
    if (!how->quiet && c->stopped[0]) {
        cli_error(TOOL, "recording stopped %s; the program went on", c->stopped);
    }
    if (!how->quiet && c->events && c->executed[0] && !c->pid) {
        cli_error(TOOL, "the program then executed %s, which was not recorded", c->executed);
    }
    return c->events == 0 ? EMPTY : 0;
}

/* Converts into `file` and, unless that has no events, names it.  0 or -1. */
static int convert_to(struct new_file *file, const struct traces *how,
                      struct conversion *conversion, struct stat *stat, struct zt_error *error) {
    const char *path = conversion->out_name;
    conversion->out_fd = file->fd;
    if (convert(conversion, error) != 0) return -1;
    if (fstat(file->fd, stat) != 0 || fsync(file->fd) != 0) {
        return fail(error, path, strerror(errno));
    }
    if (conversion->events == 0) return 0;
    /* Something may have that name by now. */
    if (may_write(path, how->force, error) != 0) return -1;
    if (new_file_name(file, path, how->force) == 0) return 0;
    return fail(error, path, strerror(errno));
}

int write_trace(const struct traces *how, const char *raw, int raw_fd, const char *path,
                struct conversion *conversion, struct zt_error *error) {
    struct stat stat = {.st_size = 0};
    struct new_file file;
    *conversion = (struct conversion){
        .raw_name = raw,
        .out_name = path,
        .raw_fd = raw_fd,
        .tick_ns = how->tick_ns,
        .progress = !how->quiet,
        .interrupted = interrupted,
    };
    error->text[0] = '\0';
    if (may_write(path, how->force, error) != 0) return -1;
    if (new_file_create(&file, path) != 0) return fail(error, path, strerror(errno));
    int result = convert_to(&file, how, conversion, &stat, error);
    new_file_close(&file);
    return result == 0 ? finish(how, conversion, (uint64_t)stat.st_size) : -1;
}

/* ---- Children --------------------------------------------------------------- */

/* So many are told of in a line of their own. */
enum { TOLD = 20 };

/* The name of a trace, of that of its recording: without ".raw". */
static void name_trace(char *name) { name[strlen(name) - 4] = '\0'; }

int may_write_children(const char *raw, uint32_t most, bool force, struct zt_error *error) {
    char name[CLI_PATH_SIZE];
    for (uint32_t i = 1; i <= most; i++) {
        if (!raw_name_of_child(raw, i, name, sizeof(name))) {
            return fail(error, raw, "the name is too long");
        }
        if (access(name, F_OK) == 0) {
            return fail(error, name,
                        "exists: a recording goes on, or was interrupted; make a trace "
                        "of it with --convert, or remove it");
        }
        name_trace(name);
        if (may_write(name, force, error) != 0) return -1;
    }
    return 0;
}

/* Completes the header of a child's recording: only ztrace looks at programs. */
static void describe(const struct traces *how, struct raw_header *header,
                     const struct raw_process *process) {
    const struct obstacle obstacle = inspect_program(header->path);
    const char *text = obstacle.text;
    if (obstacle.kind == INSPECT_OTHER_NEW && !how->linked) {
        text =
            "has an allocator's library, and calls of its C++ operators and mallocx are not "
            "recorded";
    }
    if (text) {
        snprintf(header->obstacle, sizeof(header->obstacle), "%.*s %s",
                 (int)sizeof(header->program) - 1, header->program, text);
    }
    if (process->state == RAW_EXECUTES) {
        memcpy(header->executed, process->name, sizeof(header->executed));
    }
}

/* Opens the recording of a child, or returns -1. */
static int open_child(const struct traces *how, const char *name,
                      const struct raw_process *process) {
    int fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return -1;
    struct raw_header *header =
        mmap(NULL, RAW_HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (header != MAP_FAILED && header->magic == RAW_MAGIC) describe(how, header, process);
    if (header != MAP_FAILED) munmap(header, RAW_HEADER_SIZE);
    return fd;
}

/* What became of all children. */
struct sum {
    uint32_t made, empty, failed;
    bool keeps[RAW_MAX_FOLLOWED + 1]; /* by number: its trace is there, or its recording */
    char first[CLI_PATH_SIZE], last[CLI_PATH_SIZE]; /* names of traces */
};

/* 0, EMPTY or -1, after a line. */
static int write_child(const struct traces *how, const char *raw, const struct raw_process *process,
                       struct sum *sum) {
    struct traces quietly = *how;
    struct conversion conversion;
    struct zt_error error = {{0}};
    char path[CLI_PATH_SIZE];
    int fd = open_child(how, raw, process);
    snprintf(path, sizeof(path), "%s", raw);
    name_trace(path);
    if (sum->made >= TOLD) quietly.quiet = true;
    int written = -1;
    if (fd < 0) {
        fail(&error, raw, strerror(errno));
    } else {
        written = write_trace(&quietly, raw, fd, path, &conversion, &error);
        close(fd);
    }
    if (written < 0) {
        cli_error(TOOL, "%s; the recording is kept: ztrace --convert %s -o FILE", error.text, raw);
        sum->failed++;
        return -1;
    }
    unlink(raw);
    if (written == EMPTY) {
        sum->empty++;
        return EMPTY;
    }
    sum->made++;
    snprintf(sum->made == 1 ? sum->first : sum->last, CLI_PATH_SIZE, "%s", path);
    return 0;
}

static void print_sum(const struct sum *sum) {
    if (sum->made == 1) cli_error(TOOL, "1 child was recorded, in %s", sum->first);
    if (sum->made > 1) {
        cli_error(TOOL, "%" PRIu32 " children were recorded, in %s to %s", sum->made, sum->first,
                  sum->last);
    }
    if (sum->empty) {
        cli_error(TOOL, "%" PRIu32 " %s no call that is recorded", sum->empty,
                  sum->empty == 1 ? "child made" : "children made");
    }
}

/* Traces of an earlier recording under these names must not seem to belong to this one. */
static void remove_others(const char *raw, uint32_t most, const struct sum *sum) {
    char name[CLI_PATH_SIZE];
    struct stat stat;
    for (uint32_t i = 1; i <= most && i <= RAW_MAX_FOLLOWED; i++) {
        if (sum->keeps[i] || !raw_name_of_child(raw, i, name, sizeof(name))) continue;
        name_trace(name);
        if (lstat(name, &stat) == 0 && S_ISREG(stat.st_mode)) unlink(name);
    }
}

int write_children(const struct traces *how, const char *raw, int raw_fd) {
    static struct sum sum;
    char name[CLI_PATH_SIZE];
    struct raw_header *first = mmap(NULL, RAW_HEADER_SIZE, PROT_READ, MAP_SHARED, raw_fd, 0);
    if (first == MAP_FAILED) {
        cli_error(TOOL, "%s: %s", raw, strerror(errno));
        return -1;
    }
    for (uint32_t i = 1; i < raw_processes(first); i++) {
        const struct raw_process *process = &first->process[i];
        if (!process->has_file || !raw_name_of_child(raw, i, name, sizeof(name))) continue;
        if (interrupted()) {
            cli_error(TOOL, "interrupted; %s and those after it are kept", name);
            sum.failed++;
            break;
        }
        sum.keeps[i] = write_child(how, name, process, &sum) != EMPTY;
    }
    if (how->force && !sum.failed) remove_others(raw, how->follow, &sum);
    munmap(first, RAW_HEADER_SIZE);
    if (!how->quiet) print_sum(&sum);
    return sum.failed ? -1 : sum.made ? 0 : EMPTY;
}
