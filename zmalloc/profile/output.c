#include "zmalloc/profile/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/os/os.h"

/* ---- gzip (RFC 1952) with stored blocks (RFC 1951), which compress nothing ----- */

enum { GZIP_BLOCK_HEAD = 5, GZIP_TAIL = 8 };
enum { GZIP_BLOCK = 65535 }; /* the most bytes of a block */

_Static_assert(ZM_OUTPUT_BUFFER <= (int)GZIP_BLOCK, "a buffer is one block");

/* Method 8, no flags, no time, no hint, an unknown system. */
static const unsigned char gzip_head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

static void put_bytes_of(unsigned char *at, uint32_t number, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) at[i] = (unsigned char)(number >> 8 * i);
}

/* Stands before a block of `size` bytes. */
static void gzip_block_head(unsigned char head[GZIP_BLOCK_HEAD], size_t size, bool is_last) {
    head[0] = is_last;
    put_bytes_of(head + 1, (uint32_t)size, 2);
    put_bytes_of(head + 3, ~(uint32_t)size, 2);
}

/* Stands behind the last block. */
static void gzip_tail(unsigned char tail[GZIP_TAIL], uint32_t crc, uint32_t length) {
    put_bytes_of(tail, crc, 4);
    put_bytes_of(tail + 4, length, 4);
}

/* The CRC of all bytes, given that of the bytes before these; at first 0.  The table has the CRC of
 * each half of a byte: one for whole bytes would be 16 times as large. */
static uint32_t gzip_crc(uint32_t crc, const unsigned char *bytes, size_t size) {
    static const uint32_t halves[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ halves[crc & 15];
        crc = crc >> 4 ^ halves[crc & 15];
    }
    return ~crc;
}

/* ---- The output -------------------------------------------------------------- */

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
        unsigned char head[GZIP_BLOCK_HEAD];
        output->crc = gzip_crc(output->crc, output->buffer, output->used);
        output->length += (uint32_t)output->used;
        gzip_block_head(head, output->used, last);
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
    if (gzip) write_all(output, gzip_head, sizeof gzip_head);
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
        unsigned char tail[GZIP_TAIL];
        gzip_tail(tail, output->crc, output->length);
        write_all(output, tail, sizeof tail);
    }
    const int error = output->error;
    zm_os_unmap(output, sizeof *output);
    if (error != 0) errno = error;
    return error == 0;
}
