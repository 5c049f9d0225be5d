#include "zmalloc/allocator/tcmalloc/inside/extension.h"

#include "gperftools/nallocx.h"
#include "gperftools/tcmalloc.h"
#include "maybe_emergency_malloc.h"
#include "span.h"
#include "zmalloc/allocator/tcmalloc/inside/fast_paths.h"

using tcmalloc::Span;
using tcmalloc::StackTrace;
using tcmalloc::Static;

extern "C" size_t tcmalloc_private_usable_size(const void *ptr) {
    const PageID page = tcmalloc_private::PageOf(ptr);
    uint32_t size_class;
    if (Static::pageheap()->TryGetSizeClass(page, &size_class)) {
        return Static::sizemap()->ByteSizeForClass(size_class);
    }
    // The unwinder may allocate while tcmalloc takes a stack; such blocks count as 0 bytes.
    if (tcmalloc::IsEmergencyPtr(ptr)) return 0;
    const Span *span = Static::pageheap()->GetDescriptor(page);
    if (span->sizeclass != 0) return Static::sizemap()->ByteSizeForClass(span->sizeclass);
    if (span->sample) {
        // A sampled block has a span of its own, which stores the requested size.
        return tc_nallocx(reinterpret_cast<const StackTrace *>(span->objects)->size, 0);
    }
    return span->length << kPageShift;
}

extern "C" bool tcmalloc_private_owns(const void *ptr) {
    const PageID page = tcmalloc_private::PageOf(ptr);
    if (!Static::IsInited() || page >> (kAddressBits - kPageShift) != 0) return false;
    if (tcmalloc::IsEmergencyPtr(ptr)) return true;
    const Span *span = Static::pageheap()->GetDescriptor(page);
    return span != nullptr && span->location == Span::IN_USE;
}

extern "C" void *tcmalloc_private_malloc(size_t size, size_t *usable) {
    void *ptr;
    size_t got;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &got))) {
        ptr = tc_malloc(size);
        if (ptr == nullptr) return nullptr;
        got = tcmalloc_private_usable_size(ptr);
    }
    *usable = got;
    return ptr;
}

extern "C" void tcmalloc_private_free(void *ptr, size_t *usable) {
    if (PREDICT_TRUE(tcmalloc_private::FastFree(ptr, usable))) return;
    *usable = tcmalloc_private_usable_size(ptr);
    tc_free(ptr);
}

extern "C" bool tcmalloc_private_span_use(const void *ptr, size_t *blocks, size_t *free_bytes) {
    const Span *span = Static::pageheap()->GetDescriptor(tcmalloc_private::PageOf(ptr));
    if (span == nullptr || span->sizeclass == 0) return false;
    const size_t size = Static::sizemap()->ByteSizeForClass(span->sizeclass);
    const size_t all = (span->length << kPageShift) / size;
    const size_t used = span->refcount;
    if (used == 0 || used > all) return false;
    *blocks = used;
    *free_bytes = (all - used) * size;
    return true;
}

// The same rule as in do_realloc_with_callback().
extern "C" bool tcmalloc_private_keeps(size_t usable, size_t size) {
    return size <= usable && size >= usable / 2 && base::internal::new_hooks_.empty() &&
           base::internal::delete_hooks_.empty();
}

#if defined(HAVE_UNWIND_BACKTRACE) && !defined(NO_TCMALLOC_SAMPLES)
#include <unwind.h>

// The compiler's function.  private_names.h makes stacktrace.cc call the one below instead.
extern "C" _Unwind_Reason_Code Unwind(_Unwind_Trace_Fn, void *) __asm__("_Unwind_Backtrace");

static bool can_unwind;

// The linker places the unwinder's own constructor before this one.
__attribute__((constructor)) static void CanUnwind() { can_unwind = true; }

// Stacks are empty for blocks that are allocated before constructors run: so early, in a
// static program with glibc, the unwinder does not find its own tables and aborts.
extern "C" _Unwind_Reason_Code _Unwind_Backtrace(_Unwind_Trace_Fn visit, void *data) {
    return can_unwind ? Unwind(visit, data) : _URC_END_OF_STACK;
}
#endif
