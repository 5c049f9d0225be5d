/* Servers ask nothing of tcmalloc by its name. */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
