// gperftools' sysinfo.cc, with an environment that a program which has more rights
// than its user (setuid) does not look at: variables of tcmalloc's name files to
// create, among other things.  config.h gives each getenv() of tcmalloc this one's
// name (private_names.bzl).
#ifdef HAVE_ISSETUGID
#include <unistd.h>
#else
#include <sys/auxv.h>
#endif

#define ANY_GETENV_BEFORE_MAIN tcmalloc_private_any_getenv_before_main
#define ANY_GETENV_SAFE tcmalloc_private_any_getenv_safe

#undef GetenvBeforeMain
#undef TCMallocGetenvSafe
#define GetenvBeforeMain ANY_GETENV_BEFORE_MAIN
#define TCMallocGetenvSafe ANY_GETENV_SAFE
#include "base/sysinfo.cc"
#undef GetenvBeforeMain
#undef TCMallocGetenvSafe
#undef getenv

#ifdef HAVE_ISSETUGID
static bool HasMoreRights() { return issetugid() != 0; }
#else
static bool HasMoreRights() { return getauxval(AT_SECURE) != 0; }
#endif

extern "C" char *tcmalloc_private_getenv(const char *name) {
    return HasMoreRights() ? nullptr : getenv(name);
}

const char *tcmalloc_private_GetenvBeforeMain(const char *name) {
    return HasMoreRights() ? nullptr : ANY_GETENV_BEFORE_MAIN(name);
}

extern "C" const char *tcmalloc_private_TCMallocGetenvSafe(const char *name) {
    return tcmalloc_private_GetenvBeforeMain(name);
}
