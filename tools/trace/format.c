#include "tools/trace/format.h"

#include <stdarg.h>
#include <stdio.h>

/* The CRC-32 of zip, gzip and PNG, four bits at a time. */
uint32_t zt_crc32(const void *data, size_t size) {
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *byte = data;
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < size; i++) {
        crc = nibble[(crc ^ byte[i]) & 15] ^ crc >> 4;
        crc = nibble[(crc ^ byte[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

void zt_fail(struct zt_error *error, const char *format, ...) {
    if (error->text[0]) return;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    if (!error->text[0]) snprintf(error->text, sizeof(error->text), "unknown error");
}
