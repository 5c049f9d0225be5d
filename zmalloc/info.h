/* Figures: one struct with the same meaning under every allocator, and reports
 * made from it.  docs/stats.md tells where each figure comes from.
 */
#ifndef ZMALLOC_INFO_H_
#define ZMALLOC_INFO_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Every figure, in bytes: X(FIELD, name, what it is). */
#define ZMALLOC_INFO_FIELDS(X)                                                         \
    X(USED, used, "in blocks that zmalloc handed out")                                 \
    X(PEAK_USED, peak_used, "the most that was used, short by up to 256 KiB a thread") \
    X(ALLOCATED, allocated, "in blocks that the allocator handed out")                 \
    X(ACTIVE, active, "in pages that hold such blocks")                                \
    X(RESIDENT, resident, "of the allocator's memory, resident once touched")          \
    X(RETAINED, retained, "of address space kept without memory behind it")            \
    X(MUZZY, muzzy, "given back lazily, perhaps still resident")                       \
    X(FRAG_SMALLBINS, frag_smallbins, "free inside slabs of small size classes")       \
    X(MAPPED, mapped, "of the allocator's address space in use")                       \
    X(RSS, rss, "resident memory of the process")                                      \
    X(PEAK_RSS, peak_rss, "the most that was resident")

enum zmalloc_info_field {
#define ZMALLOC_INFO_ENUM(FIELD, name, what) ZMALLOC_INFO_##FIELD,
    ZMALLOC_INFO_FIELDS(ZMALLOC_INFO_ENUM)
#undef ZMALLOC_INFO_ENUM
        ZMALLOC_INFO_COUNT
};

/* Grows at its end only; fields keep their place and meaning. */
#define ZMALLOC_INFO_VERSION 1

typedef struct zmalloc_info {
    size_t size;      /* bytes of this struct that were filled */
    unsigned version; /* ZMALLOC_INFO_VERSION of the library */
    uint32_t known;   /* bit 1 << f: field f is known; else it is 0 */
#define ZMALLOC_INFO_MEMBER(FIELD, name, what) size_t name;
    ZMALLOC_INFO_FIELDS(ZMALLOC_INFO_MEMBER)
#undef ZMALLOC_INFO_MEMBER
} zmalloc_info_t;

static inline int zmalloc_info_knows(const zmalloc_info_t *info, enum zmalloc_info_field field) {
    return (int)(info->known >> field & 1);
}

/* Means the whole process. */
#define ZMALLOC_ALL_ARENAS (~0U)

/* Fills `info`, of `size` bytes (sizeof *info: a caller built with an older
 * header gets the fields it knows), for the process or for one of the
 * allocator's arenas; of an arena, figures of the process are unknown.
 * `refresh` != 0 brings jemalloc's statistics up to date first.  Returns 0, or
 * -1 when `size` cannot be that of a zmalloc_info_t or there is no such arena.
 * Thread-safe; does not allocate. */
int zmalloc_info(zmalloc_info_t *info, size_t size, unsigned arena, int refresh);

enum zmalloc_report_format {
    ZMALLOC_REPORT_TEXT,        /* a page for people */
    ZMALLOC_REPORT_JSON,        /* one object; figures not known are null */
    ZMALLOC_REPORT_OPENMETRICS, /* gauges; figures not known are left out */
};

/* Writes the figures of the process, refreshed, to `buffer`, at most `size`
 * bytes with the terminating NUL.  Returns the length of the whole report
 * without it, as snprintf does, or -1 for an unknown format.  Thread-safe;
 * does not allocate through zmalloc. */
int zmalloc_report(char *buffer, size_t size, enum zmalloc_report_format format);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_INFO_H_ */
