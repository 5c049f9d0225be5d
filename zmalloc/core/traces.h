/* Names for stack traces.
 *
 * dladdr(), and so backtrace_symbols() and the crash reports of servers, knows only the names that
 * a program or a shared library exports.  A hidden function that calls out of zmalloc, or that a
 * bad pointer reaches, gets a second name here, which is exported: the public function for which it
 * works, a dot and a word.  C and C++ code cannot call such a name.
 *
 * For C and C++: the fast paths that are compiled together with an allocator use it too.
 */
#ifndef ZMALLOC_CORE_TRACES_H_
#define ZMALLOC_CORE_TRACES_H_

#ifdef __cplusplus
#define ZM_UNMANGLED extern "C"
#else
#define ZM_UNMANGLED extern
#endif

/* GCC warns if the attributes differ. */
#if __has_attribute(__copy__)
#define ZM_ATTRIBUTES_OF(function) __attribute__((__copy__(function)))
#else
#define ZM_ATTRIBUTES_OF(function)
#endif

/* Other formats have no second names, and their dladdr() knows hidden functions. */
#ifdef __ELF__
#define ZM_NAME_IN_TRACES(function, name)                                                      \
    ZM_UNMANGLED ZM_ATTRIBUTES_OF(function) __typeof__(function) function##_in_traces __asm__( \
        name) __attribute__((alias(#function), visibility("default")))
#else
#define ZM_NAME_IN_TRACES(function, name) ZM_UNMANGLED __typeof__(function) function
#endif

#endif /* ZMALLOC_CORE_TRACES_H_ */
