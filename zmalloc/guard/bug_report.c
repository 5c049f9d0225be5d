#include "zmalloc/guard/bug_report.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/core/traces.h"
#include "zmalloc/os/os.h"

void zm_report_prepare(void) {
    Dl_info info;
    zm_os_prepare_stacks();
    (void)dladdr(&info, &info);
}

void zm_stack_take(struct zm_stack *stack) {
    stack->count = zm_os_backtrace(stack->frames, NULL, ZM_STACK_FRAMES);
}

/* A line of output.  Not stdio: it may allocate, and signal handlers may not call it. */
struct line {
    size_t length;
    char text[512]; /* written when full: a handler's stack may have no more than 8 KiB */
};

static void flush(struct line *line) {
    const char *text = line->text;
    while (line->length > 0) {
        const ssize_t written = write(STDERR_FILENO, text, line->length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        text += written;
        line->length -= (size_t)written;
    }
    line->length = 0;
}

static void add_character(struct line *line, char character) {
    if (line->length == sizeof line->text) flush(line);
    line->text[line->length++] = character;
}

/* Replaces control characters, so that text from outside cannot forge another line. */
static void add(struct line *line, const char *text) {
    for (; *text != '\0'; text++) {
        char character = *text;
        if ((unsigned char)character < ' ' || character == 0x7f) character = '?';
        add_character(line, character);
    }
}

static void add_number(struct line *line, uintptr_t number, unsigned base) {
    char digits[sizeof number * 3 + 1], *first = digits + sizeof digits - 1;
    *first = '\0';
    do *--first = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    add(line, first);
}

static void add_address(struct line *line, const void *address) {
    add(line, "0x");
    add_number(line, (uintptr_t)address, 16);
}

/* Adds FILE+OFFSET, which addr2line and similar tools take.  It does not depend on the address
 * at which the file is loaded. */
static void add_frame(struct line *line, void *frame) {
    Dl_info info;
    if (dladdr(frame, &info) == 0 || info.dli_fname == NULL) {
        add_address(line, frame);
        return;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    add(line, slash != NULL ? slash + 1 : info.dli_fname);
    add(line, "+0x");
    add_number(line, (uintptr_t)frame - zm_os_load_bias(info.dli_fbase), 16);
}

static void add_stack(struct line *line, const char *what, const struct zm_stack *stack) {
    if (stack == NULL || stack->count == 0) return;
    add(line, what);
    for (unsigned i = 0; i < stack->count; i++) {
        add(line, " ");
        add_frame(line, stack->frames[i]);
    }
}

static void put(struct line *line) {
    add_character(line, '\n');
    flush(line);
}

void zm_report(const char *what, const void *address, const struct zm_bad_block *block) {
    struct line line = {.length = 0};
    struct zm_stack now;
    zm_stack_take(&now);
    add(&line, "zmalloc: ");
    add(&line, what);
    add(&line, " at ");
    add_address(&line, address);
    if (block->begin != NULL) {
        add(&line, ": a block of ");
        add_number(&line, block->size, 10);
        add(&line, " bytes at ");
        add_address(&line, block->begin);
        add_stack(&line, ", allocated by", block->allocated);
        add_stack(&line, ", freed by", block->freed);
    }
    add_stack(&line, "; now in", &now);
    put(&line);
}

void zm_report_and_abort(const char *what, const void *address, const struct zm_bad_block *block) {
    zm_report(what, address, block);
    abort();
}

ZM_NAME_IN_TRACES(zm_report_and_abort, "zmalloc.report_and_abort");

void zm_say(const char *text, const char *more) {
    struct line line = {.length = 0};
    add(&line, "zmalloc: ");
    add(&line, text);
    add(&line, more);
    put(&line);
}
