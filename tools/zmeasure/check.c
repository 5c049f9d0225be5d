/* Looks at the program before it starts: whether a preloaded malloc can take the place of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/elf.h"
#include "tools/common/proc.h"
#include "tools/zmeasure/measure.h"
#include "tools/ztrace/inspect.h"

/* Why preloading changes nothing in it, in words that follow its name; or NULL. */
static const char *obstacle(const char *program) {
    switch (inspect_program(program).kind) {
        case INSPECT_STATIC:
            return "is statically linked";
        case INSPECT_OTHER_LIBC:
            return "is for another libc than zmeasure's libraries";
        case INSPECT_OTHER_CPU:
            return "is for another CPU than zmeasure's libraries";
        case INSPECT_OWN_MALLOC:
            return "has a malloc of its own";
        case INSPECT_RIGHTS:
            return "is setuid, setgid or has capabilities";
        case INSPECT_ASAN:
            return "would have AddressSanitizer's malloc from LD_PRELOAD";
        case INSPECT_NOTHING:
        case INSPECT_OTHER_NEW: /* ours has its own */
            break;
    }
    return NULL;
}

/* Columns with a library would only show noise. */
static void take_out(struct measurement *measurement) {
    size_t kept = 0;
    for (size_t c = 0; c < measurement->count; c++) {
        struct column *column = &measurement->columns[c];
        if (column->variant.library[0]) {
            column_free(column);
        } else if (kept == c) {
            kept++;
        } else {
            measurement->columns[kept++] = *column;
        }
    }
    measurement->count = kept;
}

static void note_allocators(struct measurement *measurement, const struct elf_image *image,
                            const char *name) {
    for (size_t i = 0; proc_allocators[i]; i++) {
        if (!elf_needs(image, proc_allocators[i])) continue;
        measurement->told_allocator = true;
        measurement_note(measurement,
                         "%.200s is linked with %s: that is what %s runs over; the preloaded "
                         "malloc takes its place in the other columns",
                         name, proc_allocators[i], AS_IS);
    }
}

static void note_preloaded(struct measurement *measurement) {
    const char *preloaded = getenv("LD_PRELOAD");
    if (!preloaded || !*preloaded) return;
    measurement_note(measurement, "LD_PRELOAD is set: all columns run with %.300s as well",
                     preloaded);
}

/* Whether the interpreter of a script can be run; false after a line. */
static bool check_interpreter(const char *program, const char *path) {
    char name[ELF_SCRIPT_SIZE], found[CLI_PATH_SIZE];
    struct stat stat_of_file;
    struct elf_image image;
    if (!elf_open(path, &image)) return true;
    bool is_script = elf_script(&image, name);
    elf_close(&image);
    if (!is_script) return true;
    if (cli_resolve(name, found) && access(found, X_OK) == 0 && stat(found, &stat_of_file) == 0 &&
        S_ISREG(stat_of_file.st_mode)) {
        return true;
    }
    size_t end = strcspn(name, "\r");
    bool carriage_return = name[end] == '\r';
    name[end] = '\0';
    cli_error(TOOL, "%s: its first line names %s%s, and there is no such program", program, name,
              carriage_return ? " with a carriage return" : "");
    return false;
}

/* Whether there is such a program, which can be run; false after a line. */
static bool check_file(const char *name, char path[CLI_PATH_SIZE]) {
    struct stat stat_of_file;
    const char *why = NULL;
    if (!elf_find(name, path) || stat(path, &stat_of_file) != 0) {
        why = "there is no such program";
    } else if (!S_ISREG(stat_of_file.st_mode)) {
        why = S_ISDIR(stat_of_file.st_mode) ? "is a folder" : "is no program";
    } else if (access(path, X_OK) != 0) {
        why = "is not executable";
    }
    if (why) cli_error(TOOL, "%s: %s", name, why);
    return !why;
}

bool check_program(struct measurement *measurement) {
    const char *name = measurement->options->command[0], *why = obstacle(name);
    char path[CLI_PATH_SIZE];
    struct elf_image image;
    if (!check_file(name, path) || !check_interpreter(name, path)) return false;
    if (elf_open_program(path, &image)) {
        note_allocators(measurement, &image, cli_base_name(path));
        elf_close(&image);
    }
    note_preloaded(measurement);
    if (!why) return true;
    measurement->not_preloadable = true;
    take_out(measurement);
    if (measurement->count > 1) {
        measurement_note(measurement,
                         "%.200s %s, so preloading does not reach it: only %s with settings is "
                         "compared",
                         cli_base_name(path), why, AS_IS);
        return true;
    }
    cli_error(TOOL, "%s %s, so preloading does not reach it, and there is nothing to compare",
              cli_base_name(path), why);
    return false;
}
