/* Fields of protocol buffers, with numbers below 16.  A message inside another needs its size
 * before it, so there is a function for the size of each kind of field. */
#ifndef ZMALLOC_PROFILE_PROTO_H_
#define ZMALLOC_PROFILE_PROTO_H_

#include <stddef.h>
#include <stdint.h>

#include "zmalloc/profile/output.h"

size_t zm_proto_varint_size(uint64_t number);
void zm_proto_varint(struct zm_output *output, uint64_t number);

/* A number. */
size_t zm_proto_number_size(uint64_t number);
void zm_proto_number(struct zm_output *output, unsigned field, uint64_t number);

/* What has a length: a string, a message or packed numbers.  Its `size` bytes follow the head. */
size_t zm_proto_sized_size(size_t size);
void zm_proto_head(struct zm_output *output, unsigned field, size_t size);
void zm_proto_text(struct zm_output *output, unsigned field, const char *text);

#endif /* ZMALLOC_PROFILE_PROTO_H_ */
