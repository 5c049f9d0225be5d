/* Writes a file through a buffer that does not come from malloc. */
#ifndef ZMALLOC_PROFILE_OUTPUT_H_
#define ZMALLOC_PROFILE_OUTPUT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZM_OUTPUT_BUFFER = 32768 };

struct zm_output {
    int fd;
    int error; /* errno of what failed; nothing is written after that */
    bool gzip;
    uint32_t crc, length; /* of what was put in; gzip's */
    size_t used;
    unsigned char buffer[ZM_OUTPUT_BUFFER];
};

/* Begins to write to fd, with `gzip` in that form.  NULL, with errno, when there is no memory. */
struct zm_output *zm_output_begin(int fd, bool gzip);

void zm_output_bytes(struct zm_output *output, const void *bytes, size_t size);
void zm_output_text(struct zm_output *output, const char *text);
void zm_output_decimal(struct zm_output *output, uint64_t number);
void zm_output_hex(struct zm_output *output, uint64_t number);

/* Writes the rest.  False, with errno, when anything failed. */
bool zm_output_end(struct zm_output *output);

#endif /* ZMALLOC_PROFILE_OUTPUT_H_ */
