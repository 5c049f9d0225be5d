/* Runs a program with zmalloc's malloc, over an allocator, by preloading a library. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "malloc/run_check.h"
#include "tools/common/cli.h"

static const char tool[] = "run";

/* The build defines RUN_ALLOCATORS: the allocators, each with a comma.  It also defines how the
 * system preloads: by the variable RUN_VARIABLE, and files that end in RUN_ENDING. */
static const char *const allocators[] = {RUN_ALLOCATORS};
enum { ALLOCATORS = sizeof allocators / sizeof *allocators };

static const char usage[] =
    "Usage: run --malloc=ALLOCATOR PROGRAM [ARGUMENT...]\n"
    "Runs PROGRAM with the malloc of zmalloc over ALLOCATOR, whatever malloc it was built with.\n"
    "The library malloc/libzmalloc_ALLOCATOR" RUN_ENDING " is preloaded (" RUN_VARIABLE
    ")\n"
    "into PROGRAM and into the programs that it starts.\n"
    "\n"
    "  -m, --malloc=ALLOCATOR  one of: ";

static const char usage_end[] =
    "\n"
    "  -h, --help              print this text\n"
    "\n"
    "MALLOC_CONF holds for jemalloc, as JE_MALLOC_CONF does.\n"
    "Exit status: PROGRAM's; 2 when it was not started.\n";

static const char *names(void) {
    static char list[256];
    for (int i = 0; i < ALLOCATORS; i++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i != 0 ? ", " : "", allocators[i]);
    }
    return list;
}

static bool is_allocator(const char *name) {
    for (int i = 0; i < ALLOCATORS; i++) {
        if (strcmp(allocators[i], name) == 0) return true;
    }
    return false;
}

static int take_allocator(void *allocator, int option) {
    (void)option; /* there is one */
    *(const char **)allocator = optarg;
    return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, const char **allocator) {
    static const struct option options[] = {
        {"malloc", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    char help[sizeof usage + sizeof usage_end + 256];
    snprintf(help, sizeof help, "%s%s%s", usage, names(), usage_end);
    const int status =
        cli_options(tool, help, argc, argv, "+:m:h", options, take_allocator, allocator);
    if (status >= 0) return status;
    if (*allocator == NULL) {
        cli_error(tool, "--malloc=ALLOCATOR is missing; it is one of: %s", names());
    } else if (!is_allocator(*allocator)) {
        cli_error(tool, "--malloc=%s: no such allocator; it is one of: %s", *allocator, names());
    } else if (optind == argc) {
        cli_error(tool, "the program to run is missing (see run --help)");
    } else {
        return -1;
    }
    return CLI_USAGE;
}

/* Finds the library of an allocator, and its name for RUN_VARIABLE. */
static bool find_library(const char *argv0, const char *allocator, char library[CLI_PATH_SIZE]) {
    char file[CLI_PATH_SIZE], found[CLI_PATH_SIZE];
    snprintf(file, sizeof file, "malloc/libzmalloc_%s" RUN_ENDING, allocator);
    bool there = cli_find(argv0, file, found);
    if (there && cli_preloadable(found, library)) return true;
    if (there && errno == EINVAL) {
        cli_error(tool, RUN_VARIABLE " cannot take a name with a space or a colon: %s", library);
    } else {
        cli_error(tool, "%s is not beside the program", file);
    }
    return false;
}

/* jemalloc here is built with the prefix je_; people know its variable without it. */
static bool pass_settings(void) {
    const char *settings = getenv("MALLOC_CONF");
    return settings == NULL || setenv("JE_MALLOC_CONF", settings, 0) == 0;
}

int main(int argc, char **argv) {
    const char *allocator = NULL;
    char library[CLI_PATH_SIZE];
    const int status = parse(argc, argv, &allocator);
    if (status >= 0) return status;
    char **command = argv + optind;
    if (!find_library(argv[0], allocator, library)) return CLI_USAGE;
    if (!run_check_program(tool, command[0])) return CLI_USAGE;
    const char *folder = cli_user_folder();
    if ((folder == NULL || chdir(folder) == 0) && cli_put_first(RUN_VARIABLE, library) == 0 &&
        pass_settings()) {
        execvp(command[0], command);
    }
    cli_error(tool, "%s: %s", command[0], strerror(errno));
    return CLI_USAGE;
}
