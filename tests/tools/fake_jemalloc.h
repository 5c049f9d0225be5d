/* What fake_jemalloc.c has. */
#ifndef TESTS_TOOLS_FAKE_JEMALLOC_H_
#define TESTS_TOOLS_FAKE_JEMALLOC_H_

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

/* operator new and delete: plain, aligned, sized. */
void *_Znwm(size_t size);                                  /* NOLINT */
void *_ZnwmSt11align_val_t(size_t size, size_t alignment); /* NOLINT */
void _ZdlPv(void *block);                                  /* NOLINT */
void _ZdlPvm(void *block, size_t size);                    /* NOLINT */

/* The flags hold the base-2 logarithm of the alignment; 0x40 asks for zeros. */
void *mallocx(size_t size, int flags);
void *rallocx(void *block, size_t size, int flags);
void dallocx(void *block, int flags);
void sdallocx(void *block, size_t size, int flags);

#endif /* TESTS_TOOLS_FAKE_JEMALLOC_H_ */
