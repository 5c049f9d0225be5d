/* Text that jeprof and google-pprof read, with the mappings as /proc/self/maps shows them. */
#include <errno.h>
#include <string.h>

#include "zmalloc/profile/modules.h"
#include "zmalloc/profile/output.h"
#include "zmalloc/profile/rows.h"
#include "zmalloc/profile/writers.h"

/* "LIVE: BYTES [ALLOCATED: BYTES] @".  Readers estimate from counts of samples, and from one size
 * of block for each row.  These are estimates already, with the sizes and the rates of all samples,
 * and the rate of the header lets readers take them as they are. */
static void put_counts(struct zm_output *output, const struct zm_profile_row *counts) {
    zm_output_decimal(output, counts->live_blocks);
    zm_output_text(output, ": ");
    zm_output_decimal(output, counts->live_bytes);
    zm_output_text(output, " [");
    zm_output_decimal(output, counts->allocated_blocks);
    zm_output_text(output, ": ");
    zm_output_decimal(output, counts->allocated_bytes);
    zm_output_text(output, "] @");
}

static void put_header(struct zm_output *output, size_t rows) {
    struct zm_profile_row row, sum = {0};
    for (size_t i = 0; i < rows; i++) {
        zm_profile_row(i, &row);
        sum.live_blocks += row.live_blocks;
        sum.live_bytes += row.live_bytes;
        sum.allocated_blocks += row.allocated_blocks;
        sum.allocated_bytes += row.allocated_bytes;
    }
    zm_output_text(output, "heap profile: ");
    put_counts(output, &sum);
    zm_output_text(output, " heap_v2/1\n");
}

static void put_row(struct zm_output *output, const struct zm_profile_row *row) {
    if (row->allocated_samples == 0 && row->live_samples == 0) return;
    put_counts(output, row);
    for (unsigned i = 0; i < row->depth; i++) {
        zm_output_text(output, " 0x");
        zm_output_hex(output, (uintptr_t)row->frames[i]);
    }
    zm_output_text(output, "\n");
}

/* A newline is written as the kernel does. */
static void put_path(struct zm_output *output, const char *path) {
    for (const char *line; (line = strchr(path, '\n')) != NULL; path = line + 1) {
        zm_output_bytes(output, path, (size_t)(line - path));
        zm_output_text(output, "\\012");
    }
    zm_output_text(output, path);
}

/* Leaves out mappings of no file, such as the kernel's vdso: tools would look for the file in
 * vain. */
static void put_module(struct zm_output *output, const struct zm_os_module *module) {
    if (module->path[0] != '/') return;
    zm_output_hex(output, module->start);
    zm_output_text(output, "-");
    zm_output_hex(output, module->end);
    zm_output_text(output, " r-xp ");
    zm_output_hex(output, module->offset);
    zm_output_text(output, " 00:00 0 ");
    put_path(output, module->path);
    zm_output_text(output, "\n");
}

bool zm_profile_write_heap_v2(int fd) {
    struct zm_modules modules;
    struct zm_profile_row row;
    const size_t rows = zm_profile_rows();
    struct zm_output *output = zm_output_begin(fd, false);
    if (output == NULL) return false;
    put_header(output, rows);
    for (size_t i = 0; i < rows; i++) {
        zm_profile_row(i, &row);
        put_row(output, &row);
    }
    zm_output_text(output, "\nMAPPED_LIBRARIES:\n");
    if (!zm_modules_read(&modules)) output->error = errno;
    for (size_t i = 0; i < modules.count; i++) put_module(output, &modules.at[i]);
    zm_modules_free(&modules);
    return zm_output_end(output);
}
