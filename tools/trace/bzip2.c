#include "tools/trace/bzip2.h"

#include <bzlib.h>
#include <stdbool.h>

#include "tools/trace/memory.h"

static void *allocate(void *unused, int count, int size) {
    (void)unused;
    return zt_memory_alloc((size_t)count * (size_t)size);
}

static void release(void *unused, void *buffer) {
    (void)unused;
    zt_memory_free(buffer);
}

static bz_stream stream(const void *from, size_t size, void *to, size_t to_size) {
    return (bz_stream){
        .next_in = (char *)from,
        .avail_in = (unsigned)size,
        .next_out = to,
        .avail_out = (unsigned)to_size,
        .bzalloc = allocate,
        .bzfree = release,
    };
}

int zt_compress(const void *from, size_t size, void *to, size_t *to_size) {
    bz_stream s = stream(from, size, to, *to_size);
    if (BZ2_bzCompressInit(&s, 9, 0, 0) != BZ_OK) return -1;
    int status = BZ2_bzCompress(&s, BZ_FINISH);
    BZ2_bzCompressEnd(&s);
    *to_size -= s.avail_out;
    return status == BZ_STREAM_END ? 0 : -1;
}

enum zt_unpacked zt_decompress(const void *from, size_t size, void *to, size_t to_size) {
    /* With space left over, the end of the stream is always reached. */
    bz_stream s = stream(from, size, to, to_size + 1);
    if (BZ2_bzDecompressInit(&s, 0, 0) != BZ_OK) return ZT_UNPACK_NO_MEMORY;
    int status = BZ2_bzDecompress(&s);
    BZ2_bzDecompressEnd(&s);
    if (status == BZ_MEM_ERROR) return ZT_UNPACK_NO_MEMORY;
    bool whole = status == BZ_STREAM_END && s.avail_in == 0 && s.avail_out == 1;
    return whole ? ZT_UNPACKED : ZT_UNPACK_DAMAGED;
}
