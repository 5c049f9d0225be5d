#include "tools/zheap/gunzip.h"

#include <string.h>

enum { HEAD = 10, BLOCK_HEAD = 5, TAIL = 8 };
enum { FLAG_CRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16 };

static const char cut[] = "it is cut short";

bool gunzip_is(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static unsigned two_bytes(const uint8_t *at) { return at[0] | (unsigned)at[1] << 8; }

static uint32_t four_bytes(const uint8_t *at) {
    return two_bytes(at) | (uint32_t)two_bytes(at + 2) << 16;
}

/* Bit by bit, which takes a second for 100 MiB. */
static uint32_t checksum(const uint8_t *bytes, size_t size) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* The size of the head with its fields that may be there; more than `size` when it is cut. */
static size_t head_size(const uint8_t *bytes, size_t size) {
    size_t at = HEAD;
    if (size < HEAD) return size + 1;
    if (bytes[3] & FLAG_EXTRA) at = size - at < 2 ? size + 1 : at + 2 + two_bytes(bytes + at);
    for (int texts = !!(bytes[3] & FLAG_NAME) + !!(bytes[3] & FLAG_COMMENT); texts > 0; texts--) {
        while (at < size && bytes[at] != 0) at++;
        at++;
    }
    return bytes[3] & FLAG_CRC ? at + 2 : at;
}

const char *gunzip(uint8_t *bytes, size_t size, size_t *unpacked) {
    size_t at = head_size(bytes, size), out = 0;
    for (bool last = false; !last;) {
        if (at >= size) return cut;
        last = bytes[at] & 1;
        if ((bytes[at] & 6) != 0) return "it is compressed; unpack it first (gzip -d)";
        if (size - at < BLOCK_HEAD) return cut;
        const unsigned length = two_bytes(bytes + at + 1);
        if ((length ^ two_bytes(bytes + at + 3)) != 0xffff) return "a block of its gzip is damaged";
        at += BLOCK_HEAD;
        if (length > size - at) return cut;
        memmove(bytes + out, bytes + at, length); /* out is below at */
        at += length;
        out += length;
    }
    if (size - at < TAIL) return cut;
    if (four_bytes(bytes + at) != checksum(bytes, out)) return "its checksum is wrong";
    if (four_bytes(bytes + at + 4) != (uint32_t)out) return "its length is wrong";
    if (size - at > TAIL) return "there is more behind its end; it must be one profile";
    *unpacked = out;
    return NULL;
}
