/* The names of the chosen allocator that servers use (je_mallctl, USE_JEMALLOC, ...).  A package
 * has the included file in place of this one. */
#include ZM_COMPAT_HEADER
