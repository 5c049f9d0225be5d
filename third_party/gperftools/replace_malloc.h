// Included before every source when tcmalloc replaces malloc.  It exports the public
// functions; all others are compiled with hidden visibility.
#define PERFTOOLS_DLL_DECL __attribute__((visibility("default")))

// In a program that links //malloc too, that one's malloc takes the place of tcmalloc's.
#ifdef __ELF__
#pragma weak malloc
#pragma weak free
#pragma weak calloc
#pragma weak realloc
#pragma weak cfree
#pragma weak memalign
#pragma weak aligned_alloc
#pragma weak posix_memalign
#pragma weak valloc
#pragma weak pvalloc
#pragma weak malloc_usable_size
#pragma weak __libc_malloc
#pragma weak __libc_free
#pragma weak __libc_calloc
#pragma weak __libc_realloc
#pragma weak __libc_cfree
#pragma weak __libc_memalign
#pragma weak __libc_valloc
#pragma weak __libc_pvalloc
#pragma weak __posix_memalign
// operator new, new[], delete and delete[]: plain, nothrow, sized, aligned.
#pragma weak _Znwm
#pragma weak _Znam
#pragma weak _ZdlPv
#pragma weak _ZdaPv
#pragma weak _ZnwmRKSt9nothrow_t
#pragma weak _ZnamRKSt9nothrow_t
#pragma weak _ZdlPvRKSt9nothrow_t
#pragma weak _ZdaPvRKSt9nothrow_t
#pragma weak _ZdlPvm
#pragma weak _ZdaPvm
#pragma weak _ZnwmSt11align_val_t
#pragma weak _ZnamSt11align_val_t
#pragma weak _ZdlPvSt11align_val_t
#pragma weak _ZdaPvSt11align_val_t
#pragma weak _ZnwmSt11align_val_tRKSt9nothrow_t
#pragma weak _ZnamSt11align_val_tRKSt9nothrow_t
#pragma weak _ZdlPvSt11align_val_tRKSt9nothrow_t
#pragma weak _ZdaPvSt11align_val_tRKSt9nothrow_t
#pragma weak _ZdlPvmSt11align_val_t
#pragma weak _ZdaPvmSt11align_val_t
#endif
