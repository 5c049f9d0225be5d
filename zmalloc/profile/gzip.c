#include "zmalloc/profile/gzip.h"

/* Method 8, no flags, no time, no hint, an unknown system. */
const unsigned char zm_gzip_head[ZM_GZIP_HEAD] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

static void put(unsigned char *at, uint32_t number, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) at[i] = (unsigned char)(number >> 8 * i);
}

void zm_gzip_block_head(unsigned char head[ZM_GZIP_BLOCK_HEAD], size_t size, bool is_last) {
    head[0] = is_last;
    put(head + 1, (uint32_t)size, 2);
    put(head + 3, ~(uint32_t)size, 2);
}

void zm_gzip_tail(unsigned char tail[ZM_GZIP_TAIL], uint32_t crc, uint32_t length) {
    put(tail, crc, 4);
    put(tail + 4, length, 4);
}

/* The CRC of each half of a byte: a table for whole bytes would be 16 times as large. */
uint32_t zm_gzip_crc(uint32_t crc, const unsigned char *bytes, size_t size) {
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
