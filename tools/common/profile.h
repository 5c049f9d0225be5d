/* A heap profile: samples of blocks, each with a call stack. */
#ifndef TOOLS_COMMON_PROFILE_H_
#define TOOLS_COMMON_PROFILE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of samples, and of stacks. */
enum figure { LIVE, WASTE, ALLOCATED, LIVE_BLOCKS, ALLOCATED_BLOCKS, FIGURES };

/* Words for the figures, as options and JSON have them. */
extern const char *const figure_names[FIGURES];

/* A function that an address belongs to. */
struct frame {
    char *function; /* or, where that is not known, "file+0xADDRESS" */
    char *source;   /* "file.c:42", or NULL */
    bool is_resolved;
    size_t number; /* json.c's */
};

struct mapping {
    uint64_t id, start, limit, offset;
    const char *file, *build_id; /* "" where not known */
};

struct location {
    uint64_t id, mapping_id, address;
    const struct mapping *mapping; /* or NULL */
    struct frame *frames;          /* by symbols.h: innermost first; more than one where inlined */
    size_t frame_count;
};

struct sample {
    const uint32_t *locations; /* their indices, innermost first */
    size_t depth;
    const char *label; /* or NULL */
    int64_t figures[FIGURES];
};

struct profile {
    uint64_t rate; /* bytes between two samples */
    int64_t time_nanos;
    struct mapping *mappings;
    struct location *locations; /* by id */
    struct sample *samples;
    size_t mapping_count, location_count, sample_count;

    char **strings;
    size_t string_count;
    char *text;
    uint32_t *indices;
};

void profile_free(struct profile *profile);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_PROFILE_H_ */
