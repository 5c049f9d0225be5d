/* pprof's profile.proto (github.com/google/pprof/blob/main/proto/profile.proto).  It has no
 * functions: symbols are looked up later, in the files that the mappings name. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "zmalloc/profile/modules.h"
#include "zmalloc/profile/numbering.h"
#include "zmalloc/profile/output.h"
#include "zmalloc/profile/rows.h"
#include "zmalloc/profile/writers.h"

/* ---- Fields of protocol buffers, with numbers below 16 -------------------------- */

/* A message inside another needs its size before it, so there is a function for the size of each
 * kind of field. */
enum { NUMBER = 0, SIZED = 2 }; /* kinds, beside the number of the field in its first byte */

static size_t proto_varint_size(uint64_t number) {
    size_t size = 1;
    for (; number >= 0x80; number >>= 7) size++;
    return size;
}

static void proto_varint(struct zm_output *output, uint64_t number) {
    unsigned char bytes[10];
    size_t size = 0;
    for (; number >= 0x80; number >>= 7) bytes[size++] = (unsigned char)(number | 0x80);
    bytes[size++] = (unsigned char)number;
    zm_output_bytes(output, bytes, size);
}

/* A number. */
static size_t proto_number_size(uint64_t number) { return 1 + proto_varint_size(number); }

static void proto_number(struct zm_output *output, unsigned field, uint64_t number) {
    proto_varint(output, field << 3 | NUMBER);
    proto_varint(output, number);
}

/* A field that has a length: a string, a message or packed numbers.  Its `size` bytes follow the
 * head. */
static size_t proto_sized_size(size_t size) { return 1 + proto_varint_size(size) + size; }

static void proto_head(struct zm_output *output, unsigned field, size_t size) {
    proto_varint(output, field << 3 | SIZED);
    proto_varint(output, size);
}

static void proto_text(struct zm_output *output, unsigned field, const char *text) {
    const size_t size = strlen(text);
    proto_head(output, field, size);
    zm_output_bytes(output, text, size);
}

/* ---- The profile ----------------------------------------------------------------- */

/* Numbers of fields. */
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_MAPPING = 3,
    PROFILE_LOCATION = 4,
    PROFILE_STRING = 6,
    PROFILE_TIME_NANOS = 9,
    PROFILE_PERIOD_TYPE = 11,
    PROFILE_PERIOD = 12,
    PROFILE_DEFAULT_SAMPLE_TYPE = 14,

    VALUE_TYPE = 1,
    VALUE_UNIT = 2,

    SAMPLE_LOCATION = 1,
    SAMPLE_VALUE = 2,
    SAMPLE_LABEL = 3,

    LABEL_KEY = 1,
    LABEL_STRING = 2,

    MAPPING_ID = 1,
    MAPPING_START = 2,
    MAPPING_LIMIT = 3,
    MAPPING_OFFSET = 4,
    MAPPING_FILE = 5,
    MAPPING_BUILD_ID = 6,

    LOCATION_ID = 1,
    LOCATION_MAPPING = 2,
    LOCATION_ADDRESS = 3,
};

/* The strings that each profile begins with; then come two of each module, then the labels. */
enum {
    S_EMPTY,
    S_ALLOC_OBJECTS,
    S_ALLOC_SPACE,
    S_INUSE_OBJECTS,
    S_INUSE_SPACE,
    S_FRAG_SPACE,
    S_COUNT,
    S_BYTES,
    S_SPACE,
    S_LABEL,
    FIXED_STRINGS
};
static const char *const fixed_strings[FIXED_STRINGS] = {
    "",           "alloc_objects", "alloc_space", "inuse_objects", "inuse_space",
    "frag_space", "count",         "bytes",       "space",         "label",
};

enum { VALUES = 5 };
static const struct {
    unsigned type, unit;
} value_types[VALUES] = {
    {S_ALLOC_OBJECTS, S_COUNT}, {S_ALLOC_SPACE, S_BYTES}, {S_INUSE_OBJECTS, S_COUNT},
    {S_INUSE_SPACE, S_BYTES},   {S_FRAG_SPACE, S_BYTES},
};

struct profile {
    struct zm_output *output;
    struct zm_modules modules;
    struct zm_numbering addresses, labels;
};

static void put_value_type(struct zm_output *output, unsigned field, unsigned type, unsigned unit) {
    proto_head(output, field, proto_number_size(type) + proto_number_size(unit));
    proto_number(output, VALUE_TYPE, type);
    proto_number(output, VALUE_UNIT, unit);
}

static void put_head(struct zm_output *output) {
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    for (unsigned i = 0; i < FIXED_STRINGS; i++) {
        proto_text(output, PROFILE_STRING, fixed_strings[i]);
    }
    for (unsigned i = 0; i < VALUES; i++) {
        put_value_type(output, PROFILE_SAMPLE_TYPE, value_types[i].type, value_types[i].unit);
    }
    proto_number(output, PROFILE_DEFAULT_SAMPLE_TYPE, S_INUSE_SPACE);
    put_value_type(output, PROFILE_PERIOD_TYPE, S_SPACE, S_BYTES);
    proto_number(output, PROFILE_PERIOD, zm_profile_rate());
    proto_number(output, PROFILE_TIME_NANOS,
                 (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
}

/* ---- Mappings ----------------------------------------------------------- */

static void put_build_id(struct zm_output *output, const struct zm_os_module *module) {
    proto_head(output, PROFILE_STRING, 2 * module->build_id_size);
    for (size_t i = 0; i < module->build_id_size; i++) {
        zm_output_hex(output, module->build_id[i] >> 4);
        zm_output_hex(output, module->build_id[i] & 15);
    }
}

static void put_mapping(struct profile *profile, size_t i) {
    struct zm_output *output = profile->output;
    const struct zm_os_module *module = &profile->modules.at[i];
    const size_t file = FIXED_STRINGS + 2 * i, build_id = file + 1;
    proto_head(output, PROFILE_MAPPING,
               proto_number_size(i + 1) + proto_number_size(module->start) +
                   proto_number_size(module->end) + proto_number_size(module->offset) +
                   proto_number_size(file) + proto_number_size(build_id));
    proto_number(output, MAPPING_ID, i + 1);
    proto_number(output, MAPPING_START, module->start);
    proto_number(output, MAPPING_LIMIT, module->end);
    proto_number(output, MAPPING_OFFSET, module->offset);
    proto_number(output, MAPPING_FILE, file);
    proto_number(output, MAPPING_BUILD_ID, build_id);
    proto_text(output, PROFILE_STRING, module->path);
    put_build_id(output, module);
}

/* ---- Samples ------------------------------------------------------------ */

/* Values are signed. */
static uint64_t value(uint64_t number) { return number < INT64_MAX ? number : INT64_MAX; }

/* A return address may belong to the next line or function: the byte before it does not. */
static uintptr_t address_in_call(const void *frame) { return (uintptr_t)frame - (frame != NULL); }

static void put_label(struct profile *profile, size_t string, size_t size) {
    proto_head(profile->output, SAMPLE_LABEL, size);
    proto_number(profile->output, LABEL_KEY, S_LABEL);
    proto_number(profile->output, LABEL_STRING, string);
}

/* The index of the string; 0 when there is none. */
static size_t label_string(struct profile *profile, const char *label) {
    if (label == NULL) return 0;
    uint32_t number = zm_numbering_of(&profile->labels, (uintptr_t)label);
    return number == 0 ? 0 : FIXED_STRINGS + 2 * profile->modules.count + number - 1;
}

static void put_packed(struct zm_output *output, unsigned field, size_t size,
                       const uint64_t *numbers, size_t count) {
    proto_head(output, field, size);
    for (size_t i = 0; i < count; i++) proto_varint(output, numbers[i]);
}

static size_t packed_size(const uint64_t *numbers, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += proto_varint_size(numbers[i]);
    return size;
}

static void put_sample(struct profile *profile, const struct zm_profile_row *row) {
    uint64_t locations[ZM_STACK_DEPTH];
    const uint64_t values[VALUES] = {value(row->allocated_blocks), value(row->allocated_bytes),
                                     value(row->live_blocks), value(row->live_bytes),
                                     value(row->waste_bytes)};
    if (row->allocated_samples == 0 && row->live_samples == 0) return;
    const unsigned depth = row->depth < ZM_STACK_DEPTH ? row->depth : ZM_STACK_DEPTH;
    for (unsigned i = 0; i < depth; i++) {
        locations[i] = zm_numbering_of(&profile->addresses, address_in_call(row->frames[i]));
        if (locations[i] == 0) profile->output->error = ENOMEM;
    }
    const size_t string = label_string(profile, row->label);
    if (row->label != NULL && string == 0) profile->output->error = ENOMEM;
    const size_t locations_size = packed_size(locations, depth);
    const size_t values_size = packed_size(values, VALUES);
    const size_t label_size = proto_number_size(S_LABEL) + proto_number_size(string);
    proto_head(profile->output, PROFILE_SAMPLE,
               proto_sized_size(locations_size) + proto_sized_size(values_size) +
                   (string != 0 ? proto_sized_size(label_size) : 0));
    put_packed(profile->output, SAMPLE_LOCATION, locations_size, locations, depth);
    put_packed(profile->output, SAMPLE_VALUE, values_size, values, VALUES);
    if (string != 0) put_label(profile, string, label_size);
}

/* ---- Locations ---------------------------------------------------------- */

static void put_location(struct profile *profile, size_t i) {
    struct zm_output *output = profile->output;
    const uintptr_t address = profile->addresses.addresses[i];
    const size_t module = zm_modules_find(&profile->modules, address);
    const uint64_t mapping = module < profile->modules.count ? module + 1 : 0; /* 0: none */
    proto_head(output, PROFILE_LOCATION,
               proto_number_size(i + 1) + proto_number_size(mapping) + proto_number_size(address));
    proto_number(output, LOCATION_ID, i + 1);
    proto_number(output, LOCATION_MAPPING, mapping);
    proto_number(output, LOCATION_ADDRESS, address);
}

static void put_profile(struct profile *profile) {
    struct zm_profile_row row;
    const size_t rows = zm_profile_rows();
    put_head(profile->output);
    for (size_t i = 0; i < profile->modules.count; i++) put_mapping(profile, i);
    for (size_t i = 0; i < rows; i++) {
        zm_profile_row(i, &row);
        put_sample(profile, &row);
    }
    for (size_t i = 0; i < profile->addresses.count; i++) put_location(profile, i);
    for (size_t i = 0; i < profile->labels.count; i++) {
        proto_text(profile->output, PROFILE_STRING, (const char *)profile->labels.addresses[i]);
    }
}

bool zm_profile_write_pprof(int fd) {
    struct profile profile = {.output = zm_output_begin(fd, true)};
    if (profile.output == NULL) return false;
    if (zm_modules_read(&profile.modules)) {
        put_profile(&profile);
    } else {
        profile.output->error = errno;
    }
    zm_numbering_free(&profile.addresses);
    zm_numbering_free(&profile.labels);
    zm_modules_free(&profile.modules);
    return zm_output_end(profile.output);
}
