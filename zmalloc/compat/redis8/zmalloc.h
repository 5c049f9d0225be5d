/* Replaces zmalloc.h of Redis 7.4 to 8.2; zmalloc/zmalloc.h documents every function.  Here a
 * pointer to zrealloc_usable has three parameters; else it is as redis8_6. */
#ifndef ZMALLOC_COMPAT_REDIS8_ZMALLOC_H_
#define ZMALLOC_COMPAT_REDIS8_ZMALLOC_H_

#include "zmalloc/compat/redis8_6/zmalloc.h"

/* Without arguments the second macro is not expanded: its name is that of the function. */
#undef zrealloc_usable
#define zrealloc_usable zm_compat_realloc_usable
#define zm_compat_realloc_usable(...) ZM_COMPAT_REALLOC_USABLE(__VA_ARGS__)
#undef ztryrealloc_usable
#define ztryrealloc_usable zm_compat_tryrealloc_usable
#define zm_compat_tryrealloc_usable(...) ZM_COMPAT_TRYREALLOC_USABLE(__VA_ARGS__)

#endif /* ZMALLOC_COMPAT_REDIS8_ZMALLOC_H_ */
