/* Call stacks by the libc's backtrace(), or by the unwinder that it calls: this one also tells
 * where the frames lie. */
/* clang-format off */
#include <sys/cdefs.h> /* FreeBSD 13's execinfo.h needs it but does not include it */
/* clang-format on */
#include <dlfcn.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unwind.h>

#include "zmalloc/os/loader.h"
#include "zmalloc/os/os.h"

static _Atomic bool can;

/* ---- The unwinder ----------------------------------------------------------------- */

static struct {
    _Unwind_Reason_Code (*each_frame)(_Unwind_Trace_Fn visit, void *walk);
    __typeof__(_Unwind_GetIP) *address;
    __typeof__(_Unwind_GetCFA) *above;
} unwinder;

/* A program in C may not have it linked, and a static one has no dlopen(). */
#ifdef __ELF__
#pragma weak _Unwind_Backtrace
#pragma weak _Unwind_GetIP
#pragma weak _Unwind_GetCFA
#pragma weak dlopen
#pragma weak dlsym
#endif

static bool has_unwinder(void) {
    return unwinder.each_frame != NULL && unwinder.address != NULL && unwinder.above != NULL;
}

static void take_linked_unwinder(void) {
    unwinder.each_frame = _Unwind_Backtrace;
    unwinder.address = _Unwind_GetIP;
    unwinder.above = _Unwind_GetCFA;
}

/* The one that backtrace() has loaded. */
static void take_loaded_unwinder(void) {
#ifdef __ELF__
    if (dlopen == NULL || dlsym == NULL) return;
    void *library = dlopen("libgcc_s.so.1", RTLD_NOW);
    if (library == NULL) return;
    *(void **)&unwinder.each_frame = dlsym(library, "_Unwind_Backtrace");
    *(void **)&unwinder.address = dlsym(library, "_Unwind_GetIP");
    *(void **)&unwinder.above = dlsym(library, "_Unwind_GetCFA");
#endif
}

struct walk {
    void **frames;
    uintptr_t *above;
    unsigned count, max;
};

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument) {
    struct walk *walk = argument;
    void *address = (void *)unwinder.address(context);
    if (address == NULL || walk->count == walk->max) return _URC_END_OF_STACK;
    walk->frames[walk->count] = address;
    if (walk->above != NULL) walk->above[walk->count] = unwinder.above(context);
    walk->count++;
    return _URC_NO_REASON;
}

static unsigned take(void **frames, uintptr_t *above, unsigned max) {
    if (has_unwinder()) {
        struct walk walk = {frames, above, 0, max};
        (void)unwinder.each_frame(visit, &walk);
        return walk.count;
    }
    const int count = backtrace(frames, (int)max);
    for (int i = 0; above != NULL && i < count; i++) above[i] = 0;
    return count > 0 ? (unsigned)count : 0;
}

/* ---- For the others ------------------------------------------------------------------ */

/* The first call of either loads a library, or allocates.  Where that fails, it is tried again at
 * each call. */
void zm_os_prepare_stacks(void) {
    void *frame;
    if (can) return;
    take_linked_unwinder();
    if (!has_unwinder()) {
        if (backtrace(&frame, 1) <= 0) return;
        take_loaded_unwinder();
    }
    can = take(&frame, NULL, 1) > 0 && zm_loader_handle_fork();
}

/* glibc's holds the loader's lock before 2.35. */
unsigned zm_os_backtrace(void **frames, uintptr_t *above, unsigned max) {
    if (!can || !zm_loader_enter()) return 0;
    const unsigned count = take(frames, above, max);
    zm_loader_leave();
    return count;
}
