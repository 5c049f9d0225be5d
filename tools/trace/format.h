/* The file format, as FORMAT.md describes it, for reader and writer. */
#ifndef TOOLS_TRACE_FORMAT_H_
#define TOOLS_TRACE_FORMAT_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tools/trace/trace.h"

#define ZTRACE_MAGIC "\x89ZTRACE\n"
#define ZTRACE_MAGIC_SIZE 8
#define ZT_VERSION 3
#define ZT_VERSION_PLAIN 2  /* without stacks: it is written where there are none */
#define ZT_OLDEST_VERSION 1 /* that can be read */

/* File header: magic, version, tick, 0, CRC of all before it. */
#define ZT_FILE_HEADER_SIZE 24

/* Block header: magic, index, type, count, raw size, stored size, CRC of the
 * payload, CRC of all before it; each a 32-bit number. */
#define ZT_BLOCK_MAGIC UINT32_C(0x4b4c425a) /* "ZBLK" */
#define ZT_BLOCK_HEADER_SIZE 32

enum zt_block_type {
    ZT_BLOCK_NOTE = 1,
    ZT_BLOCK_EVENTS,
    ZT_BLOCK_END,
    ZT_BLOCK_SAMPLES, /* from version 2 on */
    ZT_BLOCK_STACKS,  /* from version 3 on */
    ZT_BLOCK_TYPES
};

struct zt_block {
    uint32_t index;
    uint32_t type;
    uint32_t count; /* of its events, samples or stacks */
    uint32_t raw_size;
    uint32_t stored_size;
    uint32_t crc;
};

#define ZT_MAX_BLOCK_EVENTS (UINT32_C(1) << 18)

/* Columns of an event block, in this order; the lengths of all come first. */
enum zt_column {
    ZT_COLUMN_OP,     /* op, | ZT_OP_THREAD when the thread is another, | ZT_OP_STACK */
    ZT_COLUMN_THREAD, /* of each event so marked */
    ZT_COLUMN_TIME,   /* ticks since the event before */
    ZT_COLUMN_SIZE,   /* of all but free and the end of a thread */
    ZT_COLUMN_ALIGN,  /* log2, of the aligned */
    ZT_COLUMN_AGE,    /* of realloc, free and touched: births since that of the object */
    ZT_COLUMN_STACK,  /* of each event so marked; from version 3 on */
    ZT_COLUMNS
};

static inline int zt_columns(uint32_t version) {
    return version < 3 ? ZT_COLUMN_STACK : ZT_COLUMNS;
}

#define ZT_OP_MASK 7
#define ZT_OP_THREAD 8
#define ZT_OP_STACK 16

/* Which events have an entry in some columns. */
static inline bool zt_has_size(uint8_t op) { return op != ZT_FREE && op != ZT_THREAD_END; }
static inline bool zt_has_age(uint8_t op) { return op >= ZT_REALLOC && op != ZT_THREAD_END; }

/* Most bytes that an event takes in each column. */
static const uint8_t zt_column_width[ZT_COLUMNS] = {1, 4, 10, 7, 1, 10, 3};
#define ZT_EVENT_WIDTH (1 + 4 + 10 + 7 + 1 + 10 + 3)

#define ZT_COLUMN_LENGTHS_SIZE (4 * ZT_COLUMNS)
#define ZT_MAX_RAW_SIZE (ZT_COLUMN_LENGTHS_SIZE + ZT_MAX_BLOCK_EVENTS * ZT_EVENT_WIDTH)
/* bzip2 may add 1 % and 600 bytes to data that it cannot compress. */
#define ZT_MAX_STORED_SIZE (ZT_MAX_RAW_SIZE + ZT_MAX_RAW_SIZE / 100 + 600)

/* Most bytes of a sample. */
#define ZT_SAMPLE_WIDTH (8 * 10)

/* End block: number of events, as two 32-bit numbers, and of threads. */
#define ZT_END_SIZE 12

static inline void zt_put32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static inline uint32_t zt_get32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Seven bits a byte, the lowest first; bit 7 is set in all bytes but the last.
 * Returns the byte after it. */
static inline uint8_t *zt_put_varint(uint8_t *at, uint64_t value) {
    while (value >= 128) {
        *at++ = (uint8_t)(value | 128);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Reads from *at, below `end`, and moves on; -1 past the end, or where the
 * number takes more than 64 bits. */
static inline int zt_get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        if (shift == 63 && byte > 1) return -1;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return 0;
    }
    return -1;
}

#ifdef __cplusplus
extern "C" {
#endif

uint32_t zt_crc32(const void *data, size_t size);

/* Fills `error`, unless it already holds an error. */
void zt_fail(struct zt_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_TRACE_FORMAT_H_ */
