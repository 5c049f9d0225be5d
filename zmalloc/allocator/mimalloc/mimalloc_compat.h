/* Servers use no names of mimalloc. */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#ifdef USE_JEMALLOC
#error "this zmalloc is over mimalloc: compile without -DUSE_JEMALLOC"
#endif

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
