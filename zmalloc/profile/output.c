#include "zmalloc/profile/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/os/os.h"
#include "zmalloc/profile/gzip.h"

_Static_assert(ZM_OUTPUT_BUFFER <= (int)ZM_GZIP_BLOCK, "a buffer is one block");

static void write_all(struct zm_output *output, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0 && output->error == 0) {
        ssize_t written = write(output->fd, at, size);
        if (written < 0 && errno != EINTR) output->error = errno;
        if (written == 0) output->error = EIO; /* no progress: it would never end */
        if (written <= 0) continue;
        at += written;
        size -= (size_t)written;
    }
}

static void flush(struct zm_output *output, bool last) {
    if (output->gzip) {
        unsigned char head[ZM_GZIP_BLOCK_HEAD];
        output->crc = zm_gzip_crc(output->crc, output->buffer, output->used);
        output->length += (uint32_t)output->used;
        zm_gzip_block_head(head, output->used, last);
        write_all(output, head, sizeof head);
    }
    write_all(output, output->buffer, output->used);
    output->used = 0;
}

struct zm_output *zm_output_begin(int fd, bool gzip) {
    struct zm_output *output = zm_os_map(sizeof *output);
    if (output == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    output->fd = fd;
    output->gzip = gzip;
    if (gzip) write_all(output, zm_gzip_head, sizeof zm_gzip_head);
    return output;
}

void zm_output_bytes(struct zm_output *output, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    while (size > 0) {
        size_t part = ZM_OUTPUT_BUFFER - output->used;
        if (part > size) part = size;
        memcpy(output->buffer + output->used, at, part);
        output->used += part;
        at += part;
        size -= part;
        if (output->used == ZM_OUTPUT_BUFFER) flush(output, false);
    }
}

void zm_output_text(struct zm_output *output, const char *text) {
    zm_output_bytes(output, text, strlen(text));
}

static void put_number(struct zm_output *output, uint64_t number, unsigned base) {
    char digits[20], *at = digits + sizeof digits;
    do {
        *--at = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    zm_output_bytes(output, at, (size_t)(digits + sizeof digits - at));
}

void zm_output_decimal(struct zm_output *output, uint64_t number) {
    put_number(output, number, 10);
}

void zm_output_hex(struct zm_output *output, uint64_t number) { put_number(output, number, 16); }

bool zm_output_end(struct zm_output *output) {
    flush(output, true);
    if (output->gzip) {
        unsigned char tail[ZM_GZIP_TAIL];
        zm_gzip_tail(tail, output->crc, output->length);
        write_all(output, tail, sizeof tail);
    }
    const int error = output->error;
    zm_os_unmap(output, sizeof *output);
    if (error != 0) errno = error;
    return error == 0;
}
