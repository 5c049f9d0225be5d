// gperftools' thread_cache_ptr.cc, changed so that its table of starting threads is also
// right in a forked child.  Upstream (2.16) does not take the table's lock around fork.  So a
// child may inherit the lock held, and its first new thread waits for ever; and it may inherit
// entries that lie on the stacks of threads that it does not have.
#include <pthread.h>
#include <unistd.h>

#include <functional>

#include "common.h"
#include "malloc_backtrace.h"
#include "static_vars.h"
#include "thread_cache_ptr.h"

// The lock and the table are private.
#define private public
#include "thread_cache_ptr.cc"
#undef private

namespace tcmalloc {

// CentralCacheLockAll and CentralCacheUnlockAll of static_vars.cc.
void LockHeap();
void UnlockHeap();

namespace {

uintptr_t forking_thread;  // guarded by the table's lock

// The heap's locks are taken before the table's, because hooks of mmap take the table's under
// the heap's.
void LockAll() {
    LockHeap();
    const uintptr_t self = SlowTLS::Lookup().thread_id_;
    SlowTLS::lock_.Lock();
    forking_thread = self;
}

void UnlockAll() {
    SlowTLS::lock_.Unlock();
    UnlockHeap();
}

// Keeps only the entries of the thread that forked.
void UnlockAllInChild() {
    for (SlowTLS::Entry *&first : SlowTLS::hash_table_) {
        SlowTLS::Entry **link = &first;
        for (SlowTLS::Entry *entry = first; entry != nullptr; entry = entry->next) {
            if (entry->thread_id != forking_thread) continue;
            *link = entry;
            entry->prev = link;
            link = &entry->next;
        }
        *link = nullptr;
    }
    UnlockAll();
}

// Handlers that libraries register later run while these hold no lock: they may allocate, or
// wait for a thread that does.
void RegisterForkHandlers() { pthread_atfork(LockAll, UnlockAll, UnlockAllInChild); }

#if defined(__FreeBSD__) || (defined(__APPLE__) && defined(ZM_BESIDE_MALLOC))

// Upstream registers none there: the first call of malloc would be too early for FreeBSD, and on
// macOS the system calls the functions below if tcmalloc replaces malloc.
__attribute__((constructor(101))) void RegisterAtStart() { RegisterForkHandlers(); }

#endif

}  // namespace

#if defined(__APPLE__)

namespace {

pid_t forking_process;  // guarded by the table's lock

}  // namespace

// macOS calls these around fork (libc_override_osx.h), the second in both processes.
void CentralCacheLockAll() {
    LockAll();
    forking_process = getpid();
}

void CentralCacheUnlockAll() {
    if (forking_process == getpid()) {
        UnlockAll();
    } else {
        UnlockAllInChild();
    }
}

#endif
}  // namespace tcmalloc

// Where upstream registers handlers, when malloc is first called, it registers these.
#define CentralCacheLockAll LockHeap
#define CentralCacheUnlockAll UnlockHeap
#define pthread_atfork(before, in_parent, in_child) RegisterForkHandlers()
#include "static_vars.cc"
