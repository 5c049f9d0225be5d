/* For allocators of which servers use no names. */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#ifdef USE_JEMALLOC
#error "this zmalloc is not over jemalloc: compile without -DUSE_JEMALLOC"
#endif

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
