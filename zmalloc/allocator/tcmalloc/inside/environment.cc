// gperftools' sysinfo.cc, changed so that a program with more rights than its user
// (setuid) does not read the environment: some variables of tcmalloc name files to
// create.  private_names.h makes all code of tcmalloc call the getenv() of this file.
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
