#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/os/os.h"
#include "zmalloc/profile/samples.h"
#include "zmalloc/report_parts.h"

enum {
    MAPPINGS = 5,   /* the largest ones, which are named */
    NAME_SIZE = 80, /* of a longer name the beginning is kept */
};

/* Neighbouring mappings of one name are one. */
struct mapping {
    char name[NAME_SIZE];
    size_t bytes;
};

enum cause { SLABS, CACHES, OTHERS, DIRTY, MUZZY, METADATA, PROFILE, NAMED, CAUSES };

static const struct {
    const char *name, *what;
} words[CAUSES] = {
    [SLABS] = {"slabs", "free blocks beside used ones"},
    [CACHES] = {"caches", "free blocks that the allocator keeps at hand"},
    [OTHERS] = {"others", "not handed out by zmalloc, or not yet collected; headers"},
    [DIRTY] = {"dirty", "free memory that was not given back"},
    [MUZZY] = {"muzzy", "given back lazily"},
    [METADATA] = {"metadata", "the allocator's own data"},
    [PROFILE] = {"profile", "what a heap profile keeps beside its samples"},
    [NAMED] = {"mappings", "of files, stacks and the like"},
};

struct causes {
    size_t bytes[CAUSES];
    uint32_t known; /* bit 1 << cause */
    bool knows_gap, knows_mappings;
    int64_t gap;  /* rss - used */
    int64_t rest; /* of the gap, what no cause explains; negative: causes have memory that is not
                     resident */
    size_t huge;  /* of the process, in transparent huge pages */
    struct mapping largest[MAPPINGS]; /* the largest first; an empty name ends them */
};

static void know(struct causes *causes, enum cause cause, size_t bytes) {
    causes->bytes[cause] = bytes;
    causes->known |= UINT32_C(1) << cause;
}

static bool knows(const struct causes *causes, enum cause cause) {
    return (causes->known >> cause & 1) != 0;
}

/* ---- The allocator's ---------------------------------------------------------------- */

static bool is_known(const struct zm_held *held, enum zm_held_field field) {
    return (held->known >> field & 1) != 0;
}

static void add_held(struct causes *causes, const struct zm_held *held,
                     const struct zm_samples_held *samples, const zmalloc_stats_t *stats) {
    static const enum cause of[ZM_HELD_COUNT] = {
        [ZM_HELD_SLABS] = SLABS, [ZM_HELD_CACHES] = CACHES,     [ZM_HELD_DIRTY] = DIRTY,
        [ZM_HELD_MUZZY] = MUZZY, [ZM_HELD_METADATA] = METADATA,
    };
    for (unsigned f = 0; f < ZM_HELD_COUNT; f++) {
        if (is_known(held, f)) know(causes, of[f], held->bytes[f]);
    }
    if (!zmalloc_stats_knows(stats, ZMALLOC_STATS_ALLOCATED)) return;
    const size_t allocated = stats->allocated + samples->in_region;
    const size_t ours = stats->used + held->in_allocated + samples->twins;
    know(causes, OTHERS, allocated > ours ? allocated - ours : 0);
}

/* ---- Mappings ------------------------------------------------------------------------ */

struct search {
    struct causes *causes;
    bool uses_break;
    struct mapping current;
};

static bool begins_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Whether a mapping may be the allocator's, by its name. */
static bool may_be_the_allocators(const char *name, bool uses_break) {
    if (*name == '\0' || begins_with(name, "[anon:jemalloc")) return true;
    return uses_break && (strcmp(name, "[heap]") == 0 || begins_with(name, "[anon: glibc: malloc"));
}

static void swap(struct mapping *one, struct mapping *other) {
    const struct mapping saved = *one;
    *one = *other;
    *other = saved;
}

/* Adds a mapping to the largest ones; one of the same name may be there already. */
static void enter(struct mapping *largest, const struct mapping *mapping) {
    size_t at = 0;
    while (at < MAPPINGS && largest[at].name[0] != '\0' &&
           strcmp(largest[at].name, mapping->name) != 0) {
        at++;
    }
    if (at == MAPPINGS) {
        at--;
        if (mapping->bytes <= largest[at].bytes) return;
        largest[at] = *mapping;
    } else if (largest[at].name[0] == '\0') {
        largest[at] = *mapping;
    } else {
        largest[at].bytes += mapping->bytes;
    }
    for (; at > 0 && largest[at].bytes > largest[at - 1].bytes; at--) {
        swap(&largest[at], &largest[at - 1]);
    }
}

static void end_current(struct search *search) {
    struct causes *causes = search->causes;
    if (search->current.bytes != 0) enter(causes->largest, &search->current);
    causes->bytes[NAMED] += search->current.bytes;
    search->current = (struct mapping){.bytes = 0};
}

static void visit(const struct zm_os_mapping *mapping, void *context) {
    struct search *search = context;
    search->causes->huge += mapping->huge;
    if (may_be_the_allocators(mapping->name, search->uses_break)) return;
    if (strncmp(search->current.name, mapping->name, NAME_SIZE - 1) != 0) {
        end_current(search);
        for (size_t i = 0; i < NAME_SIZE - 1 && mapping->name[i] != '\0'; i++) {
            search->current.name[i] = mapping->name[i];
        }
    }
    search->current.bytes += mapping->resident;
}

/* Out of line, so that its buffer is not on the stack of its callers. */
__attribute__((noinline)) static void add_mappings(struct causes *causes, bool uses_break) {
    struct search search = {.causes = causes, .uses_break = uses_break};
    causes->knows_mappings = zm_os_mappings(visit, &search);
    end_current(&search);
    if (causes->knows_mappings) know(causes, NAMED, causes->bytes[NAMED]);
}

/* ---- All ------------------------------------------------------------------------------ */

static void find(struct causes *causes, const zmalloc_stats_t *stats) {
    struct zm_held held;
    struct zm_samples_held samples;
    memset(&held, 0, sizeof held);
    memset(causes, 0, sizeof *causes);
    zm_backend_held(&held);
    zm_samples_held(&samples);
    add_held(causes, &held, &samples, stats);
    know(causes, PROFILE, samples.twins + samples.own);
    add_mappings(causes, held.uses_break);
    causes->knows_gap = zmalloc_stats_knows(stats, ZMALLOC_STATS_RSS) &&
                        zmalloc_stats_knows(stats, ZMALLOC_STATS_USED);
    causes->gap = causes->rest = (int64_t)(stats->rss - stats->used);
    for (unsigned c = 0; c < CAUSES; c++) causes->rest -= (int64_t)causes->bytes[c];
}

/* ---- Text ------------------------------------------------------------------------------ */

static void put_signed(struct zm_text *text, int64_t bytes) {
    zm_put(text, "%c", bytes < 0 ? '-' : '+');
    zm_put_bytes(text, bytes < 0 ? 0 - (size_t)bytes : (size_t)bytes);
}

static void put_line(struct zm_text *text, const char *name, bool is_known, int64_t bytes) {
    zm_put(text, "    %-10s ", name);
    if (is_known) {
        put_signed(text, bytes);
    } else {
        zm_put(text, "%10s    ", "unknown");
    }
}

static void put_text(struct zm_text *text, const struct causes *causes) {
    zm_put(text, "causes:\n  rss - used   ");
    if (causes->knows_gap) put_signed(text, causes->gap);
    zm_put(text, causes->knows_gap ? "\n" : "%10s\n", "unknown");
    for (unsigned c = 0; c < CAUSES; c++) {
        put_line(text, words[c].name, knows(causes, c), (int64_t)causes->bytes[c]);
        zm_put(text, "  %s\n", words[c].what);
    }
    for (size_t i = 0; i < MAPPINGS && causes->largest[i].name[0] != '\0'; i++) {
        zm_put(text, "                 ");
        zm_put_bytes(text, causes->largest[i].bytes);
        zm_put(text, "    ");
        zm_put_name(text, causes->largest[i].name, ZMALLOC_REPORT_TEXT);
        zm_put(text, "\n");
    }
    put_line(text, "rest", causes->knows_gap, causes->rest);
    zm_put(text, "  %s\n",
           causes->rest < 0 ? "pages that were never touched" : "of no known cause");
    zm_put(text, "  huge pages   ");
    if (causes->knows_mappings) {
        zm_put(text, " ");
        zm_put_bytes(text, causes->huge);
    } else {
        zm_put(text, "%10s    ", "unknown");
    }
    zm_put(text, "  of all, in transparent huge pages\n");
}

void zm_report_causes_text(struct zm_text *text, const zmalloc_stats_t *stats) {
    struct causes causes;
    find(&causes, stats);
    put_text(text, &causes);
}

/* ---- JSON and OpenMetrics ---------------------------------------------------------------- */

static void put_number(struct zm_text *text, const char *name, bool is_known, int64_t value) {
    zm_put(text, "\"%s\":", name);
    zm_put(text, is_known ? "%lld," : "null,", (long long)value);
}

void zm_report_causes_json(struct zm_text *text, const zmalloc_stats_t *stats) {
    struct causes causes;
    find(&causes, stats);
    zm_put(text, "{");
    put_number(text, "gap", causes.knows_gap, causes.gap);
    for (unsigned c = 0; c < CAUSES; c++) {
        put_number(text, words[c].name, knows(&causes, c), (int64_t)causes.bytes[c]);
    }
    put_number(text, "rest", causes.knows_gap, causes.rest);
    put_number(text, "huge_pages", causes.knows_mappings, (int64_t)causes.huge);
    zm_put(text, "\"largest_mappings\":%s", causes.knows_mappings ? "[" : "null");
    for (size_t i = 0; i < MAPPINGS && causes.largest[i].name[0] != '\0'; i++) {
        zm_put(text, "%s{\"name\":\"", i != 0 ? "," : "");
        zm_put_name(text, causes.largest[i].name, ZMALLOC_REPORT_JSON);
        zm_put(text, "\",\"bytes\":%zu}", causes.largest[i].bytes);
    }
    zm_put(text, causes.knows_mappings ? "]}" : "}");
}

static void put_family(struct zm_text *text, const char *name, const char *what) {
    zm_put(text, "# TYPE zmalloc_%s_bytes gauge\n# UNIT zmalloc_%s_bytes bytes\n", name, name);
    zm_put(text, "# HELP zmalloc_%s_bytes %s (bytes).\n", name, what);
}

static void put_cause(struct zm_text *text, const char *labels, const char *cause, int64_t value) {
    zm_put(text, "zmalloc_cause_bytes{%s,cause=\"%s\"} %lld\n", labels, cause, (long long)value);
}

static void put_mappings(struct zm_text *text, const char *labels, const struct causes *causes) {
    put_family(text, "mapping", "resident in a mapping that is not the allocator's, the largest");
    for (size_t i = 0; i < MAPPINGS && causes->largest[i].name[0] != '\0'; i++) {
        zm_put(text, "zmalloc_mapping_bytes{%s,mapping=\"", labels);
        zm_put_name(text, causes->largest[i].name, ZMALLOC_REPORT_OPENMETRICS);
        zm_put(text, "\"} %zu\n", causes->largest[i].bytes);
    }
    put_family(text, "huge_page", "resident in transparent huge pages");
    zm_put(text, "zmalloc_huge_page_bytes{%s} %zu\n", labels, causes->huge);
}

void zm_report_causes_openmetrics(struct zm_text *text, const zmalloc_stats_t *stats,
                                  const char *labels) {
    struct causes causes;
    find(&causes, stats);
    if (causes.known != 0 || causes.knows_gap) {
        put_family(text, "cause", "why more is resident than is used");
    }
    for (unsigned c = 0; c < CAUSES; c++) {
        if (knows(&causes, c)) put_cause(text, labels, words[c].name, (int64_t)causes.bytes[c]);
    }
    if (causes.knows_gap) put_cause(text, labels, "rest", causes.rest);
    if (causes.knows_mappings) put_mappings(text, labels, &causes);
}
