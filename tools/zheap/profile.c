#include "tools/zheap/profile.h"

#include <stdlib.h>
#include <string.h>

#include "tools/zheap/gunzip.h"

static const char no_memory[] = "there is no memory for it";
static const char damaged[] = "it is no profile.proto, or it is damaged";

/* ---- Fields of a message ------------------------------------------------- */

struct message {
    const uint8_t *at, *end;
};

enum kind { NUMBER = 0, EIGHT_BYTES = 1, SIZED = 2, FOUR_BYTES = 5 };

struct field {
    uint64_t tag; /* number of the field */
    enum kind kind;
    uint64_t number;
    struct message message; /* what has a size */
};

static bool read_varint(struct message *message, uint64_t *number) {
    *number = 0;
    for (unsigned shift = 0; shift < 64 && message->at < message->end; shift += 7) {
        const uint8_t byte = *message->at++;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool skip(struct message *message, uint64_t size) {
    if (size > (uint64_t)(message->end - message->at)) return false;
    message->at += size;
    return true;
}

/* 1: a field; 0: the end; -1: the message is damaged. */
static int next_field(struct message *message, struct field *field) {
    uint64_t tag;
    if (message->at == message->end) return 0;
    if (!read_varint(message, &tag)) return -1;
    field->tag = tag >> 3;
    field->kind = tag & 7;
    field->number = 0;
    field->message = (struct message){message->at, message->at};
    if (field->kind == NUMBER) return read_varint(message, &field->number) ? 1 : -1;
    if (field->kind == EIGHT_BYTES) return skip(message, 8) ? 1 : -1;
    if (field->kind == FOUR_BYTES) return skip(message, 4) ? 1 : -1;
    if (field->kind != SIZED || !read_varint(message, &field->number)) return -1;
    field->message.at = message->at;
    if (!skip(message, field->number)) return -1;
    field->message.end = message->at;
    return 1;
}

/* Reads the numbers of a message: field i is numbers[i], where it is below `count`. */
static bool read_numbers(struct message message, uint64_t *numbers, size_t count) {
    struct field field;
    int more;
    memset(numbers, 0, count * sizeof(*numbers));
    while ((more = next_field(&message, &field)) > 0) {
        if (field.kind == NUMBER && field.tag < count) numbers[field.tag] = field.number;
    }
    return more == 0;
}

/* ---- The profile ---------------------------------------------------------- */

enum {
    PROFILE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_MAPPING = 3,
    PROFILE_LOCATION = 4,
    PROFILE_STRING = 6,
    PROFILE_TIME = 9,
    PROFILE_PERIOD = 12,
    SAMPLE_LOCATION = 1,
    SAMPLE_VALUE = 2,
    SAMPLE_LABEL = 3,
};

static const char *const figure_types[FIGURES] = {
    [LIVE] = "inuse_space",
    [WASTE] = "frag_space",
    [ALLOCATED] = "alloc_space",
    [LIVE_BLOCKS] = "inuse_objects",
    [ALLOCATED_BLOCKS] = "alloc_objects",
};

enum { MOST_TYPES = 64 };

/* What is known while the file is read. */
struct reader {
    struct profile *profile;
    struct message all;
    size_t index_count;
    uint64_t types[MOST_TYPES]; /* strings */
    size_t type_count;
    size_t value_of[FIGURES]; /* the index of the value; MOST_TYPES: there is none */
};

/* Counts what there is, so that each array is allocated once. */
static const char *count_all(struct reader *reader, size_t *text) {
    struct profile *profile = reader->profile;
    struct message all = reader->all;
    struct field field;
    int more;
    *text = 0;
    while ((more = next_field(&all, &field)) > 0) {
        if (field.tag == PROFILE_TIME) profile->time_nanos = (int64_t)field.number;
        if (field.tag == PROFILE_PERIOD) profile->rate = field.number;
        if (field.kind != SIZED) continue;
        const size_t size = (size_t)(field.message.end - field.message.at);
        if (field.tag == PROFILE_SAMPLE) {
            profile->sample_count++;
            reader->index_count += size; /* an index takes a byte at least */
        }
        profile->mapping_count += field.tag == PROFILE_MAPPING;
        profile->location_count += field.tag == PROFILE_LOCATION;
        if (field.tag == PROFILE_STRING) {
            profile->string_count++;
            *text += size + 1;
        }
    }
    return more < 0 || profile->string_count == 0 ? damaged : NULL;
}

static bool allocate(struct reader *reader, size_t text) {
    struct profile *profile = reader->profile;
    profile->mappings = calloc(profile->mapping_count + 1, sizeof(*profile->mappings));
    profile->locations = calloc(profile->location_count + 1, sizeof(*profile->locations));
    profile->samples = calloc(profile->sample_count + 1, sizeof(*profile->samples));
    profile->strings = calloc(profile->string_count, sizeof(*profile->strings));
    profile->indices = malloc((reader->index_count + 1) * sizeof(*profile->indices));
    profile->text = malloc(text + 1);
    return profile->mappings && profile->locations && profile->samples && profile->strings &&
           profile->indices && profile->text;
}

static void read_strings(struct reader *reader) {
    struct message all = reader->all;
    struct field field;
    char *to = reader->profile->text;
    for (size_t i = 0; next_field(&all, &field) > 0;) {
        if (field.tag != PROFILE_STRING || field.kind != SIZED) continue;
        const size_t size = (size_t)(field.message.end - field.message.at);
        memcpy(to, field.message.at, size);
        to[size] = '\0';
        reader->profile->strings[i++] = to;
        to += size + 1;
    }
}

static const char *string(const struct profile *profile, uint64_t i) {
    return i < profile->string_count ? profile->strings[i] : NULL;
}

/* ---- Its parts, apart from samples ------------------------------------------- */

static const char *read_type(struct reader *reader, struct message message) {
    uint64_t numbers[2];
    if (reader->type_count == MOST_TYPES) return "it has too many types of values";
    if (!read_numbers(message, numbers, 2)) return damaged;
    reader->types[reader->type_count++] = numbers[1];
    return NULL;
}

static bool read_mapping(struct reader *reader, struct message message, struct mapping *mapping) {
    uint64_t numbers[7];
    if (!read_numbers(message, numbers, 7)) return false;
    *mapping = (struct mapping){numbers[1],
                                numbers[2],
                                numbers[3],
                                numbers[4],
                                string(reader->profile, numbers[5]),
                                string(reader->profile, numbers[6])};
    return mapping->file && mapping->build_id;
}

static bool read_location(struct message message, struct location *location) {
    uint64_t numbers[4];
    if (!read_numbers(message, numbers, 4)) return false;
    location->id = numbers[1];
    location->mapping_id = numbers[2];
    location->address = numbers[3];
    return true;
}

static const char *read_parts(struct reader *reader) {
    struct profile *profile = reader->profile;
    struct message all = reader->all;
    struct field field;
    size_t mappings = 0, locations = 0;
    const char *wrong = NULL;
    while (!wrong && next_field(&all, &field) > 0) {
        if (field.kind != SIZED) continue;
        if (field.tag == PROFILE_TYPE) wrong = read_type(reader, field.message);
        if (field.tag == PROFILE_MAPPING &&
            !read_mapping(reader, field.message, &profile->mappings[mappings++])) {
            wrong = damaged;
        }
        if (field.tag == PROFILE_LOCATION &&
            !read_location(field.message, &profile->locations[locations++])) {
            wrong = damaged;
        }
    }
    return wrong;
}

static int compare_ids(uint64_t one, uint64_t other) { return (one > other) - (one < other); }

static int compare_mappings(const void *one, const void *other) {
    return compare_ids(((const struct mapping *)one)->id, ((const struct mapping *)other)->id);
}

static int compare_locations(const void *one, const void *other) {
    return compare_ids(((const struct location *)one)->id, ((const struct location *)other)->id);
}

static const char *join_locations(struct profile *profile) {
    qsort(profile->mappings, profile->mapping_count, sizeof(*profile->mappings), compare_mappings);
    qsort(profile->locations, profile->location_count, sizeof(*profile->locations),
          compare_locations);
    for (size_t i = 0; i < profile->location_count; i++) {
        struct location *location = &profile->locations[i];
        if (i > 0 && location[-1].id == location->id) return "it has two locations with one id";
        if (location->mapping_id == 0) continue;
        const struct mapping wanted = {.id = location->mapping_id};
        location->mapping = bsearch(&wanted, profile->mappings, profile->mapping_count,
                                    sizeof(wanted), compare_mappings);
        if (!location->mapping) return "a location is in a mapping that is not there";
    }
    return NULL;
}

/* Which value is which figure. */
static const char *find_figures(struct reader *reader) {
    for (int f = 0; f < FIGURES; f++) {
        reader->value_of[f] = MOST_TYPES;
        for (size_t t = 0; t < reader->type_count; t++) {
            const char *type = string(reader->profile, reader->types[t]);
            if (!type) return damaged;
            if (strcmp(type, figure_types[f]) == 0) reader->value_of[f] = t;
        }
    }
    return reader->value_of[LIVE] < MOST_TYPES
               ? NULL
               : "it is no heap profile: it has no values of the type inuse_space";
}

/* ---- Samples ---------------------------------------------------------------- */

static const char *add_location(struct reader *reader, struct sample *sample, uint64_t id,
                                uint32_t **to) {
    const struct location wanted = {.id = id};
    const struct location *found =
        bsearch(&wanted, reader->profile->locations, reader->profile->location_count,
                sizeof(wanted), compare_locations);
    if (!found) return "a sample is at a location that is not there";
    *(*to)++ = (uint32_t)(found - reader->profile->locations);
    sample->depth++;
    return NULL;
}

static const char *add_value(struct reader *reader, struct sample *sample, uint64_t value,
                             size_t i) {
    if (value > INT64_MAX) return "it has negative values: is it a difference of two profiles?";
    for (int f = 0; f < FIGURES; f++) {
        if (reader->value_of[f] == i) sample->figures[f] = (int64_t)value;
    }
    return NULL;
}

/* Locations and values: numbers, packed or one in each field. */
static const char *read_list(struct reader *reader, struct sample *sample,
                             const struct field *field, uint32_t **to, size_t *values) {
    struct message packed = field->message;
    const char *wrong = NULL;
    uint64_t number = field->number;
    if (field->kind != NUMBER && field->kind != SIZED) return damaged;
    for (bool one = field->kind == NUMBER; !wrong && (one || packed.at < packed.end); one = false) {
        if (!one && !read_varint(&packed, &number)) return damaged;
        wrong = field->tag == SAMPLE_LOCATION ? add_location(reader, sample, number, to)
                                              : add_value(reader, sample, number, (*values)++);
    }
    return wrong;
}

static const char *read_label(struct reader *reader, struct sample *sample,
                              struct message message) {
    uint64_t numbers[3];
    if (!read_numbers(message, numbers, 3)) return damaged;
    const char *key = string(reader->profile, numbers[1]);
    const char *text = string(reader->profile, numbers[2]);
    if (!key || !text) return damaged;
    if (strcmp(key, "label") == 0) sample->label = text;
    return NULL;
}

static const char *read_sample(struct reader *reader, struct sample *sample, struct message message,
                               uint32_t **to) {
    struct field field;
    const char *wrong = NULL;
    size_t values = 0;
    int more = 0;
    sample->locations = *to;
    while (!wrong && (more = next_field(&message, &field)) > 0) {
        if (field.tag == SAMPLE_LOCATION || field.tag == SAMPLE_VALUE) {
            wrong = read_list(reader, sample, &field, to, &values);
        } else if (field.tag == SAMPLE_LABEL && field.kind == SIZED) {
            wrong = read_label(reader, sample, field.message);
        }
    }
    if (!wrong && more == 0 && values != reader->type_count) {
        return "a sample has too many values, or too few";
    }
    return more < 0 ? damaged : wrong;
}

static const char *read_samples(struct reader *reader) {
    struct message all = reader->all;
    struct field field;
    const char *wrong = NULL;
    uint32_t *to = reader->profile->indices;
    for (size_t i = 0; !wrong && next_field(&all, &field) > 0;) {
        if (field.tag != PROFILE_SAMPLE || field.kind != SIZED) continue;
        wrong = read_sample(reader, &reader->profile->samples[i++], field.message, &to);
    }
    return wrong;
}

const char *profile_read(uint8_t *bytes, size_t size, struct profile *profile) {
    struct reader reader = {.profile = profile};
    size_t text;
    memset(profile, 0, sizeof(*profile));
    if (gunzip_is(bytes, size)) {
        const char *wrong = gunzip(bytes, size, &size);
        if (wrong) return wrong;
    }
    if (size == 0) return "it is empty";
    if (size > UINT32_MAX) return "it is too large";
    reader.all = (struct message){bytes, bytes + size};
    const char *wrong = count_all(&reader, &text);
    if (!wrong && !allocate(&reader, text)) wrong = no_memory;
    if (wrong) return wrong;
    read_strings(&reader);
    wrong = read_parts(&reader);
    if (!wrong) wrong = join_locations(profile);
    if (!wrong) wrong = find_figures(&reader);
    return wrong ? wrong : read_samples(&reader);
}
