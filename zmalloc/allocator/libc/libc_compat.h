/* Servers use no names of the libc's malloc; Valkey checks USE_LIBC. */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#ifdef USE_JEMALLOC
#error "this zmalloc is over the libc's malloc: compile without -DUSE_JEMALLOC"
#endif

#define USE_LIBC 1

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
