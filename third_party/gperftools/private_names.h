// Renames internal symbols that gperftools has in the global namespace.  A server that links
// gperftools may have a SpinLock or a LowLevelAlloc of its own, or an older copy of the same
// code.  This file is included before every source, so upstream's sources stay as they are.
// Names of the public API and of the namespace tcmalloc do not change.
// //tests/symbols fails when a name is missing here.
#ifndef ZMALLOC_GPERFTOOLS_PRIVATE_NAMES_H_
#define ZMALLOC_GPERFTOOLS_PRIVATE_NAMES_H_

// tcmalloc calls inside/extension.cc's function instead of the compiler's.
#define _Unwind_Backtrace tcmalloc_private_Unwind_Backtrace

// tcmalloc calls inside/environment.cc's function instead of the libc's.  <stdlib.h> comes first,
// because its declaration must not be renamed.
#include <stdlib.h>
extern "C" char *tcmalloc_private_getenv(const char *name);
#define getenv tcmalloc_private_getenv

#define AddressMap tcmalloc_private_AddressMap
#define DefaultSysAllocator tcmalloc_private_DefaultSysAllocator
#define GetStackImplementation tcmalloc_private_GetStackImplementation
#define GoogleInitializer tcmalloc_private_GoogleInitializer
#define HeapProfileBucket tcmalloc_private_HeapProfileBucket
#define HeapProfileEndWriter tcmalloc_private_HeapProfileEndWriter
#define HeapProfileStats tcmalloc_private_HeapProfileStats
#define HeapProfileTable tcmalloc_private_HeapProfileTable
#define HugetlbSysAllocator tcmalloc_private_HugetlbSysAllocator
#define LowLevelAlloc tcmalloc_private_LowLevelAlloc
#define MemoryAligner tcmalloc_private_MemoryAligner
#define MemoryRegionMap tcmalloc_private_MemoryRegionMap
#define MmapSysAllocator tcmalloc_private_MmapSysAllocator
#define PackedCache tcmalloc_private_PackedCache
#define STL_Allocator tcmalloc_private_STL_Allocator
#define SbrkSysAllocator tcmalloc_private_SbrkSysAllocator
#define SpinLock tcmalloc_private_SpinLock
#define SymbolTable tcmalloc_private_SymbolTable
#define TCMallocGuard tcmalloc_private_TCMallocGuard
#define TCMallocImplementation tcmalloc_private_TCMallocImplementation
#define TCMallocStats tcmalloc_private_TCMallocStats
#define TCMalloc_PageMap1 tcmalloc_private_TCMalloc_PageMap1
#define TCMalloc_PageMap2 tcmalloc_private_TCMalloc_PageMap2
#define TCMalloc_PageMap3 tcmalloc_private_TCMalloc_PageMap3
#define TCMalloc_Printer tcmalloc_private_TCMalloc_Printer

#define GetSystemCPUsCount tcmalloc_private_GetSystemCPUsCount
#define GetUniquePathFromEnv tcmalloc_private_GetUniquePathFromEnv
#define GetenvBeforeMain tcmalloc_private_GetenvBeforeMain
#define InitSystemAllocators tcmalloc_private_InitSystemAllocators
#define LogPrintf tcmalloc_private_LogPrintf
#define MallocHook_InitAtFirstAllocation_HeapLeakChecker \
    tcmalloc_private_MallocHook_InitAtFirstAllocation_HeapLeakChecker
#define RAW_LOG tcmalloc_private_RAW_LOG
#define RAW_VLOG tcmalloc_private_RAW_VLOG
#define RawClose tcmalloc_private_RawClose
#define RawOpenForWriting tcmalloc_private_RawOpenForWriting
#define RawWrite tcmalloc_private_RawWrite
#define RunningOnValgrind tcmalloc_private_RunningOnValgrind
#define SetupMallocExtension tcmalloc_private_SetupMallocExtension
#define TCMallocGetenvSafe tcmalloc_private_TCMallocGetenvSafe
#define TCMalloc_SystemAlloc tcmalloc_private_TCMalloc_SystemAlloc
#define TCMalloc_SystemCommit tcmalloc_private_TCMalloc_SystemCommit
#define TCMalloc_SystemRelease tcmalloc_private_TCMalloc_SystemRelease
#define TCMalloc_SystemTaken tcmalloc_private_TCMalloc_SystemTaken
#define bit_cast tcmalloc_private_bit_cast
#define bit_store tcmalloc_private_bit_store
#define tcmalloc_hooked_sbrk tcmalloc_private_tcmalloc_hooked_sbrk
#define tcmalloc_sys_alloc tcmalloc_private_tcmalloc_sys_alloc

// Functions of gperftools/stacktrace.h.  Because they are renamed, our build does not have this
// header; use MallocHook_GetCallerStackTrace instead.
#define GetStackFrames tcmalloc_private_GetStackFrames
#define GetStackFramesWithContext tcmalloc_private_GetStackFramesWithContext
#define GetStackTrace tcmalloc_private_GetStackTrace
#define GetStackTraceWithContext tcmalloc_private_GetStackTraceWithContext

// Symbols in the namespace base, which other programs use as well.
#define ElfMemImage tcmalloc_private_ElfMemImage
#define HookList tcmalloc_private_HookList
#define SpinLockDelay tcmalloc_private_SpinLockDelay
#define SpinLockWake tcmalloc_private_SpinLockWake
#define VDSOSupport tcmalloc_private_VDSOSupport
#define delete_hooks_ tcmalloc_private_delete_hooks_
#define new_hooks_ tcmalloc_private_new_hooks_

// gperftools' flags are in namespaces, one per type.
#define FLAG__namespace_do_not_use_directly_use_DECLARE_bool_instead \
    tcmalloc_private_FLAG__namespace_do_not_use_directly_use_DECLARE_bool_instead
#define FLAG__namespace_do_not_use_directly_use_DECLARE_double_instead \
    tcmalloc_private_FLAG__namespace_do_not_use_directly_use_DECLARE_double_instead
#define FLAG__namespace_do_not_use_directly_use_DECLARE_int32_t_instead \
    tcmalloc_private_FLAG__namespace_do_not_use_directly_use_DECLARE_int32_t_instead
#define FLAG__namespace_do_not_use_directly_use_DECLARE_int64_t_instead \
    tcmalloc_private_FLAG__namespace_do_not_use_directly_use_DECLARE_int64_t_instead
#define FLAG__namespace_do_not_use_directly_use_DECLARE_string_instead \
    tcmalloc_private_FLAG__namespace_do_not_use_directly_use_DECLARE_string_instead
#define FLAG__namespace_do_not_use_directly_use_DECLARE_uint64_t_instead \
    tcmalloc_private_FLAG__namespace_do_not_use_directly_use_DECLARE_uint64_t_instead

// spinlock.h defines a macro SpinLockHolder(x) after the class, to catch unnamed holders; that
// ends a renaming by macro, and the code after it uses this alias.
class tcmalloc_private_SpinLockHolder;
using SpinLockHolder = tcmalloc_private_SpinLockHolder;
#define SpinLockHolder tcmalloc_private_SpinLockHolder
#include "base/spinlock.h"

#endif  // ZMALLOC_GPERFTOOLS_PRIVATE_NAMES_H_
