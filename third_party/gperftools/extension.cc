#include "third_party/gperftools/extension.h"

#include <stdint.h>

#include "common.h"
#include "gperftools/nallocx.h"
#include "page_heap.h"
#include "span.h"
#include "static_vars.h"

using tcmalloc::Span;
using tcmalloc::StackTrace;
using tcmalloc::Static;

extern "C" size_t tcmalloc_private_usable_size(const void *ptr) {
    const PageID page = reinterpret_cast<uintptr_t>(ptr) >> kPageShift;
    uint32 size_class;
    if (Static::pageheap()->TryGetSizeClass(page, &size_class)) {
        return Static::sizemap()->ByteSizeForClass(size_class);
    }
    const Span *span = Static::pageheap()->GetDescriptor(page);
    if (span->sizeclass != 0) return Static::sizemap()->ByteSizeForClass(span->sizeclass);
    if (span->sample) {
        // A sampled block has a span to itself, which remembers the request.
        return tc_nallocx(reinterpret_cast<const StackTrace *>(span->objects)->size, 0);
    }
    return span->length << kPageShift;
}
