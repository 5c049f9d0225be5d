"""Renames what gperftools leaves in the global namespace without meaning to.

A server that links it might well have a SpinLock or a LowLevelAlloc of its
own, or an older copy of the same code.  config.h, which every source includes,
turns each of these names into one with a prefix; upstream's sources stay as
they are.  Names of the public API are not renamed, nor is the namespace
tcmalloc.
"""

_PREFIX = "tcmalloc_private_"

_CLASSES = [
    "AddressMap",
    "AssignAttributeStartEnd",
    "CompileAssert",
    "DefaultSysAllocator",
    "DevMemSysAllocator",
    "GetStackImplementation",
    "GoogleInitializer",
    "HeapProfileBucket",
    "HeapProfileEndWriter",
    "HeapProfileStats",
    "HeapProfileTable",
    "HugetlbSysAllocator",
    "LowLevelAlloc",
    "MemoryAligner",
    "MemoryRegionMap",
    "MmapSysAllocator",
    "PackedCache",
    "ProcMapsIterator",
    "STL_Allocator",
    "STL_DefaultAllocator",
    "SbrkSysAllocator",
    "SpinLock",
    "SpinLockHolder",
    "SymbolTable",
    "TCMallocGuard",
    "TCMallocImplementation",
    "TCMallocStats",
    "TCMalloc_PageMap1",
    "TCMalloc_PageMap2",
    "TCMalloc_PageMap3",
    "TCMalloc_Printer",
]

_FUNCTIONS = [
    "GetSystemCPUsCount",
    "GetUniquePathFromEnv",
    "GetenvBeforeMain",
    "InitSystemAllocators",
    "LogPrintf",
    "MallocHook_InitAtFirstAllocation_HeapLeakChecker",
    "RAW_LOG",
    "RAW_VLOG",
    "RawClose",
    "RawOpenForWriting",
    "RawWrite",
    "RunningOnValgrind",
    "TCMallocGetenvSafe",
    "TCMalloc_SystemAlloc",
    "TCMalloc_SystemCommit",
    "TCMalloc_SystemRelease",
    "ValgrindSlowdown",
    "bit_cast",
    "bit_store",
    "perftools_pthread_atfork",
    "perftools_pthread_getspecific",
    "perftools_pthread_key_create",
    "perftools_pthread_key_delete",
    "perftools_pthread_once",
    "perftools_pthread_setspecific",

    # gperftools/stacktrace.h, which we therefore do not offer;
    # MallocHook_GetCallerStackTrace is there.
    "GetStackFrames",
    "GetStackFramesWithContext",
    "GetStackTrace",
    "GetStackTraceWithContext",
]

_VARIABLES = [
    "AtomicOps_Internalx86CPUFeatures",
    "TCMalloc_SystemTaken",
    "tcmalloc_sys_alloc",
]

# Of the namespace base, which others use as well.
_BASE = [
    "ElfMemImage",
    "HookList",
    "LinkerInitialized",
    "RawPrinter",
    "SpinLockDelay",
    "SpinLockWake",
    "VDSOSupport",
    "delete_hooks_",
    "mmap_hooks_",
    "mmap_replacement_",
    "mremap_hooks_",
    "munmap_hooks_",
    "munmap_replacement_",
    "new_hooks_",
    "premmap_hooks_",
    "presbrk_hooks_",
    "sbrk_hooks_",
    "subtle",
]

# Every flag is in a namespace named after its type.
_FLAGS = [
    "FLAG__namespace_do_not_use_directly_use_DECLARE_%s_instead" % type
    for type in ["bool", "double", "int32", "int64", "string", "uint64"]
]

# spinlock.h ends with a macro SpinLockHolder(x), to catch unnamed holders, and
# that would undo the renaming: take the header first, then rename once more.
_SPIN_LOCK_HOLDER = """
#ifdef __cplusplus
#include "base/spinlock.h"
#undef SpinLockHolder
#define SpinLockHolder {prefix}SpinLockHolder
#endif
"""

# The libc's, which environment.cc stands before.  C++'s <cstdlib> would undo the
# renaming: it comes first.
_GETENV = """
#include <stdlib.h>
#ifdef __cplusplus
extern "C"
#endif
char *{prefix}getenv(const char *name);
#define getenv {prefix}getenv
"""

def private_namespace(own_getenv):
    """The #defines, as one string.

    Args:
      own_getenv: whether environment.cc is compiled with them
    """
    return "".join([
        "#define %s %s\n" % (name, _PREFIX + name)
        for name in _CLASSES + _FUNCTIONS + _VARIABLES + _BASE + _FLAGS
    ]) + (_SPIN_LOCK_HOLDER + (_GETENV if own_getenv else "")).format(prefix = _PREFIX)
