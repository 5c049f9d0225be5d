/* Decoded traces in files: struct ops, then its arrays. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/trace/memory.h"
#include "tools/zreplay/ops.h"

#define MAGIC UINT64_C(0x0a7370304c505a89)

struct header {
    uint64_t magic; /* 0 until all is written */
    struct ops ops; /* its pointers mean nothing */
};

struct array {
    const void *data;
    size_t size;
};

enum { ARRAYS = 5 };

static void arrays_of(const struct ops *ops, struct array array[ARRAYS]) {
    array[0] = (struct array){ops->op, ops->count * sizeof(*ops->op)};
    array[1] = (struct array){ops->touch, ops->touches * sizeof(*ops->touch)};
    array[2] = (struct array){ops->ended, OPS_THREADS * sizeof(*ops->ended)};
    array[3] = (struct array){ops->sample, ops->samples * sizeof(*ops->sample)};
    array[4] = (struct array){ops->clock_ms, ops->clock_slots * sizeof(*ops->clock_ms)};
}

uint64_t ops_saved_size(const struct ops *ops) {
    struct array array[ARRAYS];
    uint64_t size = sizeof(struct header);
    arrays_of(ops, array);
    for (int i = 0; i < ARRAYS; i++) size += array[i].size;
    return size;
}

/* Writes from an offset on: processes that inherit a file share its position. */
static int write_at(int fd, const void *from, size_t size, uint64_t at) {
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, (const char *)from + done, size - done, (off_t)(at + done));
        if (n <= 0 && errno != EINTR) return -1;
        if (n > 0) done += (size_t)n;
    }
    return 0;
}

static int read_at(int fd, void *to, size_t size, uint64_t at) {
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(fd, (char *)to + done, size - done, (off_t)(at + done));
        if (n == 0 || (n < 0 && errno != EINTR)) return -1;
        if (n > 0) done += (size_t)n;
    }
    return 0;
}

int ops_save(const struct ops *ops, int fd) {
    struct header header = {.ops = *ops};
    struct array array[ARRAYS];
    struct stat file;
    uint64_t at = sizeof(header);
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size != 0) return -1;
    arrays_of(ops, array);
    for (int i = 0; i < ARRAYS; i++) {
        if (write_at(fd, array[i].data, array[i].size, at) != 0) return -1;
        at += array[i].size;
    }
    header.magic = MAGIC;
    return write_at(fd, &header, sizeof(header), 0);
}

/* Reads the arrays of struct ops; all that could be had are in `data`. */
static int load_arrays(const struct ops *ops, int fd, void *data[ARRAYS]) {
    struct array array[ARRAYS];
    uint64_t at = sizeof(struct header);
    arrays_of(ops, array);
    for (int i = 0; i < ARRAYS; i++) {
        data[i] = zt_memory_alloc(array[i].size);
        if (!data[i] || read_at(fd, data[i], array[i].size, at) != 0) return -1;
        at += array[i].size;
    }
    return 0;
}

int ops_load(struct ops *ops, int fd) {
    struct header header;
    struct stat file;
    void *data[ARRAYS] = {NULL};
    if (read_at(fd, &header, sizeof(header), 0) != 0 || header.magic != MAGIC ||
        fstat(fd, &file) != 0 || (uint64_t)file.st_size != ops_saved_size(&header.ops)) {
        return -1;
    }
    int status = load_arrays(&header.ops, fd, data);
    *ops = header.ops;
    ops->op = data[0];
    ops->touch = data[1];
    ops->ended = data[2];
    ops->sample = data[3];
    ops->clock_ms = data[4];
    if (status != 0) ops_free(ops);
    return status;
}
