/* gzip (RFC 1952) with stored blocks (RFC 1951), which compress nothing. */
#ifndef ZMALLOC_PROFILE_GZIP_H_
#define ZMALLOC_PROFILE_GZIP_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZM_GZIP_HEAD = 10, ZM_GZIP_BLOCK_HEAD = 5, ZM_GZIP_TAIL = 8 };
enum { ZM_GZIP_BLOCK = 65535 }; /* the most bytes of a block */

extern const unsigned char zm_gzip_head[ZM_GZIP_HEAD];

/* What stands before a block of `size` bytes. */
void zm_gzip_block_head(unsigned char head[ZM_GZIP_BLOCK_HEAD], size_t size, bool is_last);

/* What stands behind the last block. */
void zm_gzip_tail(unsigned char tail[ZM_GZIP_TAIL], uint32_t crc, uint32_t length);

/* The CRC of all bytes, given that of the bytes before these; at first 0. */
uint32_t zm_gzip_crc(uint32_t crc, const unsigned char *bytes, size_t size);

#endif /* ZMALLOC_PROFILE_GZIP_H_ */
