/* Lets mimalloc's random.c call arc4random_buf(), as on FreeBSD and on old macOS: Zig has no
 * headers of CommonCrypto, which it would include. */
#include_next <AvailabilityMacros.h>
#include <stdlib.h>

#undef MAC_OS_X_VERSION_10_10
#undef MAC_OS_X_VERSION_10_15
