/* Writes the rows (rows.h) as a file that profilers read.  None calls malloc.  Each returns false,
 * with errno, when the file could not be written as a whole; a part of it may be written then. */
#ifndef ZMALLOC_PROFILE_WRITERS_H_
#define ZMALLOC_PROFILE_WRITERS_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* pprof's profile.proto, in gzip. */
bool zm_profile_write_pprof(int fd);

/* Text for jeprof and google-pprof: estimates, so the rate that it names is 1. */
bool zm_profile_write_heap_v2(int fd);

/* Collapsed stacks, for flame graphs: "outermost;...;innermost live-bytes" on each line.  A frame
 * is "file+0xADDRESS", with an address in that file, within the call. */
bool zm_profile_write_collapsed(int fd);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_WRITERS_H_ */
