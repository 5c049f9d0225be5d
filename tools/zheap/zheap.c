/* Reads a heap profile, and says which call stacks hold the memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/svg.h"
#include "tools/common/symbols.h"
#include "tools/zheap/profile.h"
#include "tools/zheap/report.h"

static const char help[] =
    "Usage: zheap [options] FILE\n"
    "Reads a heap profile that zmalloc wrote (profile.proto), and says which call stacks hold the\n"
    "memory, and which waste it.\n"
    "\n"
    "      --sort=live|waste|allocated  sort the stacks by this figure (default live)\n"
    "      --top=N           show the first N stacks (default 20; with --json and\n"
    "                        --collapsed all)\n"
    "      --diff=OLD        also read an older profile; sort by what grew since\n"
    "      --html=FILE       write a page with a flame graph and a table\n"
    "      --json            print JSON instead of the table\n"
    "      --collapsed       print lines \"main;f;g BYTES\" instead, for speedscope and others\n"
    "      --all-frames      show the allocator's own functions too, inside malloc and its like\n"
    "      --root=DIR        look for the program and its libraries below this folder\n"
    "  -h, --help            print this text\n"
    "\n"
    "Example: zheap --sort=waste --html=heap.html server.pb.gz\n"
    "\n"
    "Functions and lines come from the program and its libraries, by llvm-symbolizer or\n"
    "addr2line.  zheap uses only files whose build id is that of the profile.\n"
    "\n"
    "Exit status: 0; 2 for wrong arguments, and for files that cannot be read or written.  Linux\n"
    "only.\n";

enum { USUAL_TOP = 20, MOST_BYTES = 1 << 30 };

struct arguments {
    const char *file, *old_file, *html;
    char root[CLI_PATH_SIZE], html_path[CLI_PATH_SIZE];
    enum figure sort;
    uint64_t top; /* 0: not given */
    bool json, collapsed, all_frames;
};

static int take_sort(struct arguments *arguments, const char *name) {
    for (enum figure f = LIVE; f <= ALLOCATED; f++) {
        if (strcmp(name, figure_names[f]) != 0) continue;
        arguments->sort = f;
        return -1;
    }
    return cli_usage(TOOL, "--sort takes live, waste or allocated, not ", name);
}

static int take_option(void *of, int option) {
    struct arguments *arguments = of;
    if (option == 's') return take_sort(arguments, optarg);
    if (option == 'n' && !cli_number(optarg, 1, 1000000, &arguments->top)) {
        return cli_usage(TOOL, "--top takes 1 to 1000000, not ", optarg);
    }
    if (option == 'r' && !cli_resolve(optarg, arguments->root)) {
        return cli_usage(TOOL, "--root: the name is too long: ", optarg);
    }
    if (option == 'd') arguments->old_file = optarg;
    if (option == 't') arguments->html = optarg;
    if (option == 'j') arguments->json = true;
    if (option == 'c') arguments->collapsed = true;
    if (option == 'a') arguments->all_frames = true;
    return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {
        {"sort", required_argument, NULL, 's'}, {"top", required_argument, NULL, 'n'},
        {"diff", required_argument, NULL, 'd'}, {"html", required_argument, NULL, 't'},
        {"root", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'},
        {"collapsed", no_argument, NULL, 'c'},  {"all-frames", no_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    const int status = cli_options(TOOL, help, argc, argv, ":h", options, take_option, arguments);
    if (status >= 0) return status;
    if (arguments->json && arguments->collapsed) {
        return cli_usage(TOOL, "--json and --collapsed exclude each other", "");
    }
    if (optind == argc) return cli_usage(TOOL, "no profile is given", "");
    if (optind + 1 < argc)
        return cli_usage(TOOL, "there is one profile too many: ", argv[optind + 1]);
    arguments->file = argv[optind];
    return -1;
}

/* Checks, before the work, whether the page can be written, if one is asked for. */
static bool check_html(struct arguments *arguments, const char *argv0) {
    return !arguments->html || (svg_output(TOOL, "--html", arguments->html, arguments->html_path) &&
                                html_possible(argv0));
}

/* Reads a file to its end; NULL, with errno. */
static uint8_t *read_file(const char *name, size_t *size) {
    char path[CLI_PATH_SIZE];
    size_t capacity = 1 << 16;
    errno = ENAMETOOLONG;
    FILE *file = cli_resolve(name, path) ? fopen(path, "re") : NULL;
    uint8_t *bytes = file ? malloc(capacity) : NULL;
    for (*size = 0; bytes;) {
        *size += fread(bytes + *size, 1, capacity - *size, file);
        if (*size < capacity) break;
        errno = EFBIG; /* a device without an end, such as /dev/zero */
        uint8_t *more = capacity < MOST_BYTES ? realloc(bytes, capacity *= 2) : NULL;
        if (!more) free(bytes);
        bytes = more;
    }
    if (bytes && ferror(file)) {
        free(bytes);
        bytes = NULL;
    }
    const int error = errno;
    if (file) (void)fclose(file);
    errno = error;
    return bytes;
}

/* False after a line. */
static bool load(const char *file, const char *root, struct profile *profile, struct notes *notes) {
    size_t size;
    uint8_t *bytes = read_file(file, &size);
    if (!bytes) {
        cli_error(TOOL, "%s: %s", file, strerror(errno));
        return false;
    }
    const char *wrong = profile_read(bytes, size, profile);
    free(bytes);
    if (!wrong && !symbols_find(profile, root, notes)) wrong = "there is no memory for it";
    if (wrong) cli_error(TOOL, "%s: %s", file, wrong);
    return wrong == NULL;
}

/* Functions are found again by their names, which other programs have as well: "main". */
static void note_other_program(const struct report *report, const struct profile *old,
                               struct notes *notes) {
    const char *now = report->profile->mapping_count ? report->profile->mappings[0].file : "";
    const char *before = old->mapping_count ? old->mappings[0].file : "";
    if (!now[0] || !before[0] || strcmp(cli_base_name(now), cli_base_name(before)) == 0) return;
    notes_add(notes, "%s is of another program (%s) than %s (%s)", report->old_file, before,
              report->file, now);
}

static int write_report(const char *argv0, const struct arguments *arguments,
                        struct report *report) {
    const bool all = arguments->json || arguments->collapsed;
    report->top = arguments->top ? arguments->top : all ? SIZE_MAX : USUAL_TOP;
    if (arguments->json) {
        report_json(stdout, report);
    } else if (arguments->collapsed) {
        report_collapsed(report);
    } else {
        report_text(report);
    }
    int status = cli_printed(TOOL);
    if (status != 0 || !arguments->html) return status;
    report->top = SIZE_MAX;
    return report_html(argv0, arguments->html_path, arguments->html, report);
}

static int run(const char *argv0, const struct arguments *arguments) {
    struct profile profile = {0}, old = {0};
    struct stacks stacks = {0};
    struct notes notes = {0};
    struct report report = {.file = arguments->file,
                            .old_file = arguments->old_file,
                            .profile = &profile,
                            .stacks = &stacks,
                            .notes = &notes,
                            .sort = arguments->sort};
    int status = CLI_USAGE;
    if (load(arguments->file, arguments->root, &profile, &notes) &&
        (!arguments->old_file || load(arguments->old_file, arguments->root, &old, &notes))) {
        if (arguments->old_file) note_other_program(&report, &old, &notes);
        if (stacks_make(&profile, arguments->old_file ? &old : NULL, arguments->all_frames,
                        &stacks)) {
            stacks_sort(&stacks, arguments->sort, arguments->old_file != NULL);
            status = write_report(argv0, arguments, &report);
        } else {
            cli_error(TOOL, "%s: there is no memory for it", arguments->file);
        }
    }
    stacks_free(&stacks);
    profile_free(&profile);
    profile_free(&old);
    notes_free(&notes);
    return status;
}

/* So that nothing else gets the number of a standard stream that is closed.  What is written to it
 * fails. */
static void fill_standard_streams(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
    fill_standard_streams();
    struct arguments arguments = {.sort = LIVE};
    int status = parse(argc, argv, &arguments);
    if (status >= 0) return status;
    return check_html(&arguments, argv[0]) ? run(argv[0], &arguments) : CLI_USAGE;
}
