/* Statistics of an allocator, which its backend fills in; docs/stats.md explains each. */
#ifndef ZMALLOC_CORE_ALLOCATOR_STATS_H_
#define ZMALLOC_CORE_ALLOCATOR_STATS_H_

#include <stddef.h>
#include <stdint.h>

/* X(FIELD, name), in bytes; a part of ZMALLOC_STATS_FIELDS in zmalloc/stats.h. */
#define ZM_ALLOCATOR_STATS_FIELDS(X)  \
    X(ALLOCATED, allocated)           \
    X(ACTIVE, active)                 \
    X(RESIDENT, resident)             \
    X(RETAINED, retained)             \
    X(MUZZY, muzzy)                   \
    X(FRAG_SMALLBINS, frag_smallbins) \
    X(MAPPED, mapped)

enum zm_allocator_stats_field {
#define ZM_ALLOCATOR_STATS_ENUM(FIELD, name) ZM_STATS_##FIELD,
    ZM_ALLOCATOR_STATS_FIELDS(ZM_ALLOCATOR_STATS_ENUM)
#undef ZM_ALLOCATOR_STATS_ENUM
};

struct zm_allocator_stats {
    uint32_t known; /* bit 1 << f: field f is known */
#define ZM_ALLOCATOR_STATS_MEMBER(FIELD, name) size_t name;
    ZM_ALLOCATOR_STATS_FIELDS(ZM_ALLOCATOR_STATS_MEMBER)
#undef ZM_ALLOCATOR_STATS_MEMBER
};

/* Sets the field FIELD, member `name`. */
#define ZM_STATS_SET(stats, FIELD, name, bytes) \
    ((stats)->name = (bytes), (stats)->known |= UINT32_C(1) << ZM_STATS_##FIELD)

/* As an arena's number: the whole process. */
#define ZM_ALL_ARENAS (~0U)

#endif /* ZMALLOC_CORE_ALLOCATOR_STATS_H_ */
