/* Replaces zmalloc.h of Redis 8.6; zmalloc/zmalloc.h documents every function.  Here a pointer to
 * zrealloc_usable has four parameters; else it is as redis8. */
#ifndef ZMALLOC_COMPAT_REDIS8_6_ZMALLOC_H_
#define ZMALLOC_COMPAT_REDIS8_6_ZMALLOC_H_

#include "zmalloc/compat/redis8.h"

#define zrealloc_usable(...) ZM_COMPAT_REALLOC_USABLE(__VA_ARGS__)
#define ztryrealloc_usable(...) ZM_COMPAT_TRYREALLOC_USABLE(__VA_ARGS__)

#endif /* ZMALLOC_COMPAT_REDIS8_6_ZMALLOC_H_ */
