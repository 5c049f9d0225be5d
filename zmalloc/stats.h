/* Statistics: one struct with the same meaning under every allocator, and reports made from
 * it.  docs/stats.md says where each value comes from.
 */
#ifndef ZMALLOC_STATS_H_
#define ZMALLOC_STATS_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Every statistic, in bytes: X(FIELD, name, what it is). */
#define ZMALLOC_STATS_FIELDS(X)                                                        \
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

enum zmalloc_stats_field {
#define ZMALLOC_STATS_ENUM(FIELD, name, what) ZMALLOC_STATS_##FIELD,
    ZMALLOC_STATS_FIELDS(ZMALLOC_STATS_ENUM)
#undef ZMALLOC_STATS_ENUM
        ZMALLOC_STATS_COUNT
};

/* Later versions add fields at the end only; existing fields keep their place and meaning. */
#define ZMALLOC_STATS_VERSION 1

typedef struct zmalloc_stats_t {
    size_t size;      /* bytes of this struct that the library filled */
    unsigned version; /* ZMALLOC_STATS_VERSION of the library */
    uint32_t known;   /* bit 1 << f is set: field f is known; else field f is 0 */
#define ZMALLOC_STATS_MEMBER(FIELD, name, what) size_t name;
    ZMALLOC_STATS_FIELDS(ZMALLOC_STATS_MEMBER)
#undef ZMALLOC_STATS_MEMBER
} zmalloc_stats_t;

static inline int zmalloc_stats_knows(const zmalloc_stats_t *stats_,
                                      enum zmalloc_stats_field field_) {
    return (stats_->known >> field_ & 1) != 0;
}

/* As an arena's number: the whole process. */
#define ZMALLOC_ALL_ARENAS (~0U)

/* Fills *stats for the process (ZMALLOC_ALL_ARENAS) or for one of the allocator's
 * arenas.  For an arena, the statistics of the process are unknown.  `size` is
 * sizeof *stats, in bytes: a caller that was built with an older header gets the
 * fields that it knows.  `refresh` != 0 brings jemalloc's statistics up to date
 * first.  Returns 0, or -1 when `size` cannot be that of a zmalloc_stats_t or the
 * arena does not exist.  Thread-safe; does not allocate. */
int zmalloc_stats(zmalloc_stats_t *stats_, size_t size_, unsigned arena_, int refresh_);

enum zmalloc_report_format {
    ZMALLOC_REPORT_TEXT,        /* a page for people */
    ZMALLOC_REPORT_JSON,        /* one object; unknown values are null */
    ZMALLOC_REPORT_OPENMETRICS, /* gauges; unknown values are left out */
};

/* Refreshes the statistics of the process and writes a report of them to `buffer`:
 * at most `size` bytes, the terminating NUL included.  Returns, as snprintf does,
 * the length of the whole report in bytes without the NUL, or -1 for an unknown
 * format.  Thread-safe; does not allocate through zmalloc. */
int zmalloc_report(char *buffer_, size_t size_, enum zmalloc_report_format format_);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_STATS_H_ */
