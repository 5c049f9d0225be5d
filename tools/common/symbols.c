#include "tools/common/symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/elf.h"
#include "tools/common/run.h"

enum { BATCH = 2000, MOST_OPTIONS = 8 };

struct finder {
    struct profile *profile;
    struct notes *notes;
    const char *root;
    char program[CLI_PATH_SIZE]; /* "": there is none */
    bool is_llvm;
    bool failed; /* no memory */
};

/* A mapping's file; `is_open`: it is the right one. */
struct file {
    char path[CLI_PATH_SIZE];
    struct elf_image image;
    bool is_open;
};

/* The locations of a file that go to the symbolizer together. */
struct batch {
    struct location *locations[BATCH];
    char addresses[BATCH][2 + 16 + 1];
    size_t count;
};

static bool add_frame(struct location *location, char *function, char *source, bool is_resolved) {
    struct frame *more =
        realloc(location->frames, (location->frame_count + 1) * sizeof(*location->frames));
    if (!more || !function) {
        if (more) location->frames = more;
        free(function);
        free(source);
        return false;
    }
    location->frames = more;
    more[location->frame_count++] =
        (struct frame){.function = function, .source = source, .is_resolved = is_resolved};
    return true;
}

/* ---- The output of the symbolizer ------------------------------------------ */

/* Takes the next line off the text; NULL at its end. */
static char *next_line(char **text) {
    char *line = *text;
    if (!*line) return NULL;
    char *end = strchr(line, '\n');
    if (end) *end = '\0';
    *text = end ? end + 1 : line + strlen(line);
    return line;
}

/* "/folder/file.c:42 (discriminator 3)" -> "file.c:42"; NULL where it is not known. */
static char *source_of(char *line) {
    char *more = strstr(line, " (discriminator");
    if (more) *more = '\0';
    char *colon = strrchr(line, ':');
    if (line[0] == '?' || !colon) return NULL;
    if (colon[1] == '?' || strcmp(colon, ":0") == 0) *colon = '\0';
    return strdup(cli_base_name(line));
}

/* addr2line names an address after the nearest symbol before it.  In a file without its full
 * symbols that may be any other function, unless that one is known to reach as far. */
static bool is_name_right(const struct finder *finder, const struct file *file, const char *address,
                          const char *source) {
    return finder->is_llvm || source[0] != '?' || elf_names_all(&file->image) ||
           elf_exports(&file->image, strtoull(address, NULL, 16));
}

/* For each address: the address, then two lines for each function, the innermost one first. */
static void read_output(struct finder *finder, const struct file *file, struct batch *batch,
                        char *text) {
    size_t next = 0;
    const char *address = "";
    struct location *location = NULL;
    char *line;
    while ((line = next_line(&text)) != NULL) {
        if (strncmp(line, "0x", 2) == 0) {
            if (next == batch->count) return;
            address = batch->addresses[next];
            location = batch->locations[next++];
            continue;
        }
        char *source = next_line(&text);
        if (!location || !source || strncmp(line, "??", 2) == 0 || !line[0]) continue;
        if (!is_name_right(finder, file, address, source)) continue;
        if (!add_frame(location, strdup(line), source_of(source), true)) finder->failed = true;
    }
}

/* What the program says to stderr does not matter to users: LLVM 14 says a line for each empty
 * function in what GCC 12 compiled. */
static void run_batch(struct finder *finder, const struct file *file, struct batch *batch) {
    char *command[MOST_OPTIONS + BATCH + 1], *output;
    size_t count = 0;
    int status;
    if (batch->count == 0) return;
    command[count++] = finder->program;
    if (finder->is_llvm) command[count++] = "--output-style=GNU";
    for (const char *const *option = (const char *const[]){"-a", "-f", "-C", "-i", "-e", NULL};
         *option; option++) {
        command[count++] = (char *)*option;
    }
    command[count++] = (char *)file->path;
    for (size_t i = 0; i < batch->count; i++) command[count++] = batch->addresses[i];
    command[count] = NULL;
    if (cli_run_silent(command, &output, &status) == 0) {
        read_output(finder, file, batch, output);
        free(output);
        if (status != 0) notes_add(finder->notes, "%s failed for %s", finder->program, file->path);
    } else {
        notes_add(finder->notes, "%s: %s", finder->program, strerror(errno));
    }
    batch->count = 0;
}

/* ---- Files ------------------------------------------------------------------- */

static void open_file(struct finder *finder, const struct mapping *mapping, struct file *file) {
    char id[ELF_BUILD_ID_SIZE] = "";
    file->is_open = false;
    if (mapping->file[0] != '/') return; /* the kernel's vdso, or not known */
    snprintf(file->path, sizeof(file->path), "%s%s", finder->root, mapping->file);
    if (!elf_open(file->path, &file->image)) {
        notes_add(finder->notes, "%s cannot be read: its functions are not known", file->path);
        return;
    }
    if (!elf_is(&file->image)) {
        notes_add(finder->notes, "%s is no ELF file: its functions are not known", file->path);
    } else if (elf_build_id(&file->image, id) && mapping->build_id[0] &&
               strcmp(id, mapping->build_id) != 0) {
        notes_add(finder->notes,
                  "%s has build id %s, and the profile was taken with %s: its functions are not "
                  "known",
                  file->path, id, mapping->build_id);
    } else {
        file->is_open = true;
        return;
    }
    elf_close(&file->image);
}

/* The address in the file; where the file is not known, the place in it. */
static uint64_t address_in(const struct file *file, const struct location *location) {
    const uint64_t offset =
        location->address - location->mapping->start + location->mapping->offset;
    uint64_t address;
    return file->is_open && elf_address(&file->image, offset, &address) ? address : offset;
}

/* Names a location that has no function. */
static bool name_number(struct location *location, const struct file *file) {
    const struct mapping *mapping = location->mapping;
    char *name;
    int size;
    if (mapping && mapping->file[0] && location->address >= mapping->start) {
        size = asprintf(&name, "%.255s+0x%" PRIx64, cli_base_name(mapping->file),
                        address_in(file, location));
    } else {
        size = asprintf(&name, "0x%" PRIx64, location->address);
    }
    return add_frame(location, size < 0 ? NULL : name, NULL, false);
}

/* Gives numbers to the locations of a mapping that have no function. */
static void name_others(struct finder *finder, const struct mapping *mapping,
                        const struct file *file) {
    struct profile *profile = finder->profile;
    size_t nameless = 0;
    for (size_t i = 0; i < profile->location_count; i++) {
        struct location *location = &profile->locations[i];
        if (location->mapping != mapping || location->frame_count > 0) continue;
        if (!name_number(location, file)) finder->failed = true;
        nameless++;
    }
    if (nameless == 0 || !file->is_open || !finder->program[0]) return;
    notes_add(finder->notes,
              "some functions of %s have no name; its debug symbols may have it "
              "(tools/zheap/README.md says how to get them)",
              file->path);
}

static void find_in_mapping(struct finder *finder, const struct mapping *mapping,
                            struct batch *batch) {
    struct file file = {.is_open = false};
    struct profile *profile = finder->profile;
    bool is_new = true;
    for (size_t i = 0; i < profile->location_count; i++) {
        struct location *location = &profile->locations[i];
        if (location->mapping != mapping || location->address < mapping->start) continue;
        if (is_new) open_file(finder, mapping, &file);
        is_new = false;
        if (!file.is_open || !finder->program[0]) break;
        batch->locations[batch->count] = location;
        snprintf(batch->addresses[batch->count], sizeof(batch->addresses[0]), "0x%" PRIx64,
                 address_in(&file, location));
        if (++batch->count == BATCH) run_batch(finder, &file, batch);
    }
    run_batch(finder, &file, batch);
    name_others(finder, mapping, &file);
    if (file.is_open) elf_close(&file.image);
}

static void find_program(struct finder *finder) {
    finder->is_llvm = elf_find("llvm-symbolizer", finder->program);
    if (finder->is_llvm || elf_find("addr2line", finder->program)) return;
    finder->program[0] = '\0';
    notes_add(finder->notes,
              "neither llvm-symbolizer nor addr2line (Debian packages llvm, binutils) is here: "
              "functions are not known");
}

bool symbols_find(struct profile *profile, const char *root, struct notes *notes) {
    struct finder finder = {.profile = profile, .notes = notes, .root = root};
    struct batch *batch = calloc(1, sizeof(*batch));
    if (!batch) return false;
    find_program(&finder);
    for (size_t m = 0; m < profile->mapping_count; m++) {
        find_in_mapping(&finder, &profile->mappings[m], batch);
    }
    free(batch);
    const struct file none = {.is_open = false};
    for (size_t i = 0; i < profile->location_count; i++) {
        struct location *location = &profile->locations[i];
        if (location->frame_count == 0 && !name_number(location, &none)) finder.failed = true;
    }
    return !finder.failed;
}
