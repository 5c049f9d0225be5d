#include "zmalloc/os/linux_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

int zm_linux_open_at(int dir, const char *path) {
    int fd;
    do {
        fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int zm_linux_open(const char *root, const char *path) {
    if (*root == '\0') return zm_linux_open_at(AT_FDCWD, path);
    int top = zm_linux_open_at(AT_FDCWD, root);
    if (top < 0) return -1;
    int fd = zm_linux_open_at(top, path + 1); /* without its '/' */
    close(top);
    return fd;
}

static ssize_t read_again(int fd, char *buffer, size_t size) {
    ssize_t length;
    do {
        length = read(fd, buffer, size);
    } while (length < 0 && errno == EINTR);
    return length;
}

ssize_t zm_linux_read_file(int fd, char *buffer, size_t size) {
    if (fd < 0) return -1;
    size_t length = 0;
    ssize_t got = 0;
    while (length < size - 1 && (got = read_again(fd, buffer + length, size - 1 - length)) > 0) {
        length += (size_t)got;
    }
    close(fd);
    buffer[length] = '\0';
    return got < 0 ? -1 : (ssize_t)length;
}

void zm_linux_lines_begin(struct zm_linux_lines *lines, char *buffer, size_t size,
                          ssize_t (*read)(void *source, char *buffer, size_t size), void *source) {
    lines->read = read;
    lines->source = source;
    lines->buffer = buffer;
    lines->size = size;
    lines->begin = lines->end = 0;
    lines->cut = false;
}

/* Moves the unused bytes to the front of the buffer and reads more behind them.  Returns false
 * at the end, or when the buffer is full.  One byte stays free for a terminator. */
static bool fill(struct zm_linux_lines *lines) {
    size_t length = lines->end - lines->begin;
    memmove(lines->buffer, lines->buffer + lines->begin, length);
    lines->begin = 0;
    lines->end = length;
    size_t space = lines->size - 1 - length;
    if (space == 0) return false;
    ssize_t got = lines->read(lines->source, lines->buffer + length, space);
    if (got > 0) lines->end += (size_t)got;
    return got > 0;
}

/* Returns the bytes up to the next newline, or all bytes of the buffer. */
static char *take_line(struct zm_linux_lines *lines) {
    for (size_t seen = 0;;) {
        char *line = lines->buffer + lines->begin;
        size_t length = lines->end - lines->begin;
        char *newline = memchr(line + seen, '\n', length - seen);
        if (newline != NULL) {
            *newline = '\0';
            lines->begin += (size_t)(newline - line) + 1;
            lines->cut = false;
            return line;
        }
        seen = length;
        if (fill(lines)) continue;
        if (length == 0) return NULL;
        /* fill() moved it to the front. */
        lines->cut = length == lines->size - 1;
        lines->begin = lines->end;
        lines->buffer[length] = '\0';
        return lines->buffer;
    }
}

char *zm_linux_next_line(struct zm_linux_lines *lines) {
    char *line;
    bool tail;
    do {
        tail = lines->cut;
        line = take_line(lines);
    } while (line != NULL && tail);
    return line;
}

ssize_t zm_linux_read_source(void *source, char *buffer, size_t size) {
    return read_again(*(int *)source, buffer, size);
}

bool zm_linux_parse_size(const char **text, size_t *value) {
    const char *p = *text;
    while (*p == ' ' || *p == '\t') p++;
    if (*p < '0' || *p > '9') return false;
    size_t number = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(number, (size_t)10, &number) ||
            __builtin_add_overflow(number, (size_t)(*p - '0'), &number)) {
            number = SIZE_MAX;
        }
    }
    *value = number;
    *text = p;
    return true;
}

/* Parses a number that fills [text, end); saturates.  strtoll would need a terminator
 * and depend on the locale. */
static int parse_ll(const char *text, const char *end, long long *res) {
    bool negative = text < end && *text == '-';
    if (negative) text++;
    if (text == end) return 0;
    long long number = 0; /* negative: LLONG_MIN has no positive counterpart */
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') return 0;
        if (__builtin_mul_overflow(number, 10LL, &number) ||
            __builtin_sub_overflow(number, (long long)(*text - '0'), &number)) {
            number = LLONG_MIN;
        }
    }
    if (!negative) number = number == LLONG_MIN ? LLONG_MAX : -number;
    *res = number;
    return 1;
}

/* The end of the word at `text`. */
static const char *word_end(const char *text, const char *end) {
    while (text < end && *text != ' ' && *text != '\n' && *text != '\0') text++;
    return text;
}

int zm_linux_stat_field(const char *stat, size_t length, int i, long long *res) {
    if (length == 0) return 0;
    const char *end = stat + length;
    if (i == 1) return parse_ll(stat, word_end(stat, end), res);
    if (i < 3) return 0;
    /* Field 2 is the program's name in parentheses, and may hold anything. */
    const char *p = memrchr(stat, ')', length);
    if (p == NULL) return 0;
    p++;
    for (; i >= 3; i--) {
        p = word_end(p, end);
        if (p == end || *p != ' ') return 0;
        p++;
    }
    return parse_ll(p, word_end(p, end), res);
}

int zm_linux_proc_stat_ll(const char *root, int i, long long *res) {
    char stat[2048];
    ssize_t length = zm_linux_read_file(zm_linux_open(root, "/proc/self/stat"), stat, sizeof stat);
    return length > 0 ? zm_linux_stat_field(stat, (size_t)length, i, res) : 0;
}

bool zm_linux_statm_resident(const char *statm, size_t *pages) {
    size_t mapped;
    return zm_linux_parse_size(&statm, &mapped) && zm_linux_parse_size(&statm, pages);
}

bool zm_linux_resident_pages(const char *root, size_t *pages) {
    char statm[256];
    return zm_linux_read_file(zm_linux_open(root, "/proc/self/statm"), statm, sizeof statm) >= 0 &&
           zm_linux_statm_resident(statm, pages);
}

size_t zm_linux_smaps_sum(struct zm_linux_lines *lines, const char *field) {
    size_t sum = 0, field_length = strlen(field);
    const char *line;
    while ((line = zm_linux_next_line(lines)) != NULL) {
        if (strncmp(line, field, field_length) != 0) continue;
        const char *p = line + field_length;
        size_t number;
        if (!zm_linux_parse_size(&p, &number) || strncmp(p, " kB", 3) != 0) continue;
        if (__builtin_mul_overflow(number, (size_t)1024, &number) ||
            __builtin_add_overflow(sum, number, &sum)) {
            return SIZE_MAX;
        }
    }
    return sum;
}

static size_t sum_of_file(const char *root, const char *path, const char *field) {
    char buffer[2048];
    struct zm_linux_lines lines;
    int fd = zm_linux_open(root, path);
    if (fd < 0) return 0;
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, zm_linux_read_source, &fd);
    size_t sum = zm_linux_smaps_sum(&lines, field);
    close(fd);
    return sum;
}

/* Writes "/proc/PID/smaps" backwards from the end of `path`; returns its beginning. */
enum { SMAPS_PATH = sizeof "/proc//smaps" + 3 * sizeof(long) };

static const char *smaps_of(long pid, char path[SMAPS_PATH]) {
    char *first = path + (SMAPS_PATH - sizeof "/smaps");
    memcpy(first, "/smaps", sizeof "/smaps");
    do {
        *--first = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid != 0);
    first -= sizeof "/proc/" - 1;
    memcpy(first, "/proc/", sizeof "/proc/" - 1);
    return first;
}

size_t zm_linux_smaps_bytes(const char *root, const char *field, long pid) {
    char path[SMAPS_PATH];
    if (pid < -1) return 0;
    return sum_of_file(root, pid == -1 ? "/proc/self/smaps" : smaps_of(pid, path), field);
}

size_t zm_linux_status_bytes(const char *root, const char *field) {
    return sum_of_file(root, "/proc/self/status", field);
}
