#include "tools/trace/samples.h"

#include "tools/trace/format.h"

#define US 1000 /* ns */
#define KIB 1024

/* A field of each sample, in the order of the file. */
struct field {
    size_t offset;
    uint32_t unit;
    bool sum; /* stored as the difference to the sample before */
};

#define FIELD(name, unit, sum) \
    { offsetof(struct zt_sample, name), unit, sum }

static const struct field fields[] = {
    FIELD(time, US, true),        FIELD(rss, KIB, false),  FIELD(rss_anon, KIB, false),
    FIELD(cpu, US, true),         FIELD(system, US, true), FIELD(minor_faults, 1, true),
    FIELD(major_faults, 1, true),
};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static uint64_t *value_of(struct zt_sample *sample, const struct field *field) {
    return (uint64_t *)((char *)sample + field->offset);
}

size_t zt_pack_samples(uint8_t *to, const struct zt_sample *samples, size_t count) {
    struct zt_sample before = {.time = 0};
    uint8_t *at = to;
    for (size_t i = 0; i < count; i++) {
        struct zt_sample sample = samples[i];
        for (int f = 0; f < FIELDS; f++) {
            uint64_t value = *value_of(&sample, &fields[f]) / fields[f].unit;
            uint64_t base = *value_of(&before, &fields[f]) / fields[f].unit;
            at = zt_put_varint(at, fields[f].sum ? value - base : value);
        }
        at = zt_put_varint(at, sample.threads);
        before = sample;
    }
    return (size_t)(at - to);
}

/* Takes a field; `before` is its value in the sample before. */
static int take_field(const uint8_t **at, const uint8_t *end, const struct field *field,
                      uint64_t before, uint64_t *value) {
    uint64_t number, base = field->sum ? before / field->unit : 0;
    if (zt_get_varint(at, end, &number) != 0) return -1;
    if (number > UINT64_MAX / field->unit - base) return -1;
    *value = (base + number) * field->unit;
    return 0;
}

int zt_unpack_samples(const uint8_t *from, size_t size, struct zt_sample *samples, size_t count) {
    const uint8_t *at = from, *end = from + size;
    struct zt_sample before = {.time = 0};
    for (size_t i = 0; i < count; i++) {
        uint64_t threads;
        for (int f = 0; f < FIELDS; f++) {
            if (take_field(&at, end, &fields[f], *value_of(&before, &fields[f]),
                           value_of(&samples[i], &fields[f])) != 0)
                return -1;
        }
        if (zt_get_varint(&at, end, &threads) != 0 || threads > UINT32_MAX) return -1;
        samples[i].threads = (uint32_t)threads;
        before = samples[i];
    }
    return at == end ? 0 : -1;
}
