/* Returning free memory of the libc's malloc to the OS; a file per libc. */
#ifndef ZMALLOC_ALLOCATOR_LIBC_TRIM_H_
#define ZMALLOC_ALLOCATOR_LIBC_TRIM_H_

/* 0 when it was tried, -1 where this libc cannot. */
int zm_libc_trim(void);

#endif /* ZMALLOC_ALLOCATOR_LIBC_TRIM_H_ */
