/* Servers use no names of tcmalloc. */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#ifdef USE_JEMALLOC
#error "this zmalloc is over tcmalloc: compile without -DUSE_JEMALLOC"
#endif

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
