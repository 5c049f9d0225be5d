#include "zmalloc/profile/proto.h"

#include <string.h>

enum { NUMBER = 0, SIZED = 2 }; /* kinds, beside the number of the field in its first byte */

size_t zm_proto_varint_size(uint64_t number) {
    size_t size = 1;
    for (; number >= 0x80; number >>= 7) size++;
    return size;
}

void zm_proto_varint(struct zm_output *output, uint64_t number) {
    unsigned char bytes[10];
    size_t size = 0;
    for (; number >= 0x80; number >>= 7) bytes[size++] = (unsigned char)(number | 0x80);
    bytes[size++] = (unsigned char)number;
    zm_output_bytes(output, bytes, size);
}

size_t zm_proto_number_size(uint64_t number) { return 1 + zm_proto_varint_size(number); }

void zm_proto_number(struct zm_output *output, unsigned field, uint64_t number) {
    zm_proto_varint(output, field << 3 | NUMBER);
    zm_proto_varint(output, number);
}

size_t zm_proto_sized_size(size_t size) { return 1 + zm_proto_varint_size(size) + size; }

void zm_proto_head(struct zm_output *output, unsigned field, size_t size) {
    zm_proto_varint(output, field << 3 | SIZED);
    zm_proto_varint(output, size);
}

void zm_proto_text(struct zm_output *output, unsigned field, const char *text) {
    const size_t size = strlen(text);
    zm_proto_head(output, field, size);
    zm_output_bytes(output, text, size);
}
