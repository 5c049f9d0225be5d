/* Servers ask nothing of the libc by its name; Valkey asks whether it is. */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#define USE_LIBC 1

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
