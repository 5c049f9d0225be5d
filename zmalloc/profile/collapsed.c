/* Collapsed stacks: one line for each, outermost frame first, with its live bytes. */
#include <string.h>

#include "zmalloc/profile/modules.h"
#include "zmalloc/profile/output.h"
#include "zmalloc/profile/rows.h"
#include "zmalloc/profile/writers.h"

/* The name of the file without its folders, and without the characters that separate frames. */
static void put_name(struct zm_output *output, const char *path) {
    const char *slash = strrchr(path, '/');
    for (const char *at = slash != NULL ? slash + 1 : path; *at != '\0'; at++) {
        const bool separates = *at == ';' || (unsigned char)*at <= ' ';
        zm_output_bytes(output, separates ? "_" : at, 1);
    }
}

/* A return address may belong to the next line or function: the byte before it does not. */
static void put_frame(struct zm_output *output, const struct zm_modules *modules,
                      const void *frame) {
    uintptr_t address = (uintptr_t)frame - (frame != NULL);
    const size_t i = zm_modules_find(modules, address);
    if (i < modules->count && modules->at[i].path[0] != '\0') {
        put_name(output, modules->at[i].path);
        zm_output_text(output, "+");
        address -= modules->at[i].bias;
    }
    zm_output_text(output, "0x");
    zm_output_hex(output, address);
}

static void put_row(struct zm_output *output, const struct zm_modules *modules,
                    const struct zm_profile_row *row) {
    if (row->live_bytes == 0) return;
    if (row->depth == 0) zm_output_text(output, "unknown");
    for (unsigned i = row->depth; i-- > 0;) {
        put_frame(output, modules, row->frames[i]);
        if (i > 0) zm_output_text(output, ";");
    }
    zm_output_text(output, " ");
    zm_output_decimal(output, row->live_bytes);
    zm_output_text(output, "\n");
}

bool zm_profile_write_collapsed(int fd) {
    struct zm_modules modules;
    struct zm_profile_row row;
    const size_t rows = zm_profile_rows();
    if (!zm_modules_read(&modules)) return false;
    struct zm_output *output = zm_output_begin(fd, false);
    for (size_t i = 0; output != NULL && i < rows; i++) {
        zm_profile_row(i, &row);
        put_row(output, &modules, &row);
    }
    zm_modules_free(&modules);
    return output != NULL && zm_output_end(output);
}
