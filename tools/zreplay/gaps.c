#include "tools/zreplay/gaps.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"

__attribute__((format(printf, 2, 3))) static void add(char text[GAPS_SIZE], const char *format,
                                                      ...) {
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + used, GAPS_SIZE - used, format, args);
    va_end(args);
}

/* The text of a note is valid until the next is asked for. */
static void add_lost(struct zt_reader *reader, char text[GAPS_SIZE]) {
    const char *note = zt_reader_note(reader, "lost-events");
    if (!note || strcmp(note, "0") == 0) return;
    add(text, "%.32s %s lost when it was recorded", note,
        strcmp(note, "1") == 0 ? "event was" : "events were");
    note = zt_reader_note(reader, "lost-why");
    if (note) add(text, " (%.200s)", note);
    add(text, "\n");
}

static void add_children(struct zt_reader *reader, char text[GAPS_SIZE]) {
    const char *note = zt_reader_note(reader, "children");
    if (!note || strcmp(note, "0") == 0) return;
    add(text, "%.32s %s of the program %s not recorded\n", note,
        strcmp(note, "1") == 0 ? "child" : "children", strcmp(note, "1") == 0 ? "was" : "were");
}

static void add_followed(struct zt_reader *reader, char text[GAPS_SIZE]) {
    const char *note = zt_reader_note(reader, "followed");
    if (!note || strcmp(note, "0") == 0) return;
    bool one = strcmp(note, "1") == 0;
    add(text, "%.32s %s of the program %s recorded in %s own, and not here\n", note,
        one ? "child" : "children", one ? "is" : "are", one ? "a trace of its" : "traces of their");
}

/* Of a child that was forked, and of a process that became a program that is not recorded. */
static void add_process(struct zt_reader *reader, char text[GAPS_SIZE]) {
    if (zt_reader_note(reader, "forked")) {
        add(text,
            "the process was forked: blocks that it has from its parent are not in the trace\n");
    }
    const char *note = zt_reader_note(reader, "begun");
    if (note) {
        add(text,
            "the recording began %.30s after the program: blocks from before are not in the "
            "trace\n",
            note);
    }
    note = zt_reader_note(reader, "executed");
    if (note) add(text, "the process then executed %.40s, which was not recorded\n", note);
}

/* A replay keeps the thread. */
static void add_background(struct zt_reader *reader, char text[GAPS_SIZE]) {
    const char *note = zt_reader_note(reader, "background-thread");
    const char *end = note ? strstr(note, " to ") : NULL;
    if (!end) return;
    add(text, "jemalloc's background thread ended after %.30s; in a replay it goes on\n",
        end + strlen(" to "));
}

void gaps_read(struct zt_reader *reader, char text[GAPS_SIZE]) {
    text[0] = '\0';
    add_lost(reader, text);
    add_children(reader, text);
    add_followed(reader, text);
    add_process(reader, text);
    add_background(reader, text);
    const char *note = zt_reader_note(reader, "stopped");
    if (note) add(text, "the recording stopped %.200s, before the program ended\n", note);
    note = zt_reader_note(reader, "not-recorded");
    if (note) add(text, "%.500s\n", note);
}

static uint64_t note_number(struct zt_reader *reader, const char *key) {
    const char *note = zt_reader_note(reader, key);
    return note ? strtoull(note, NULL, 10) : 0;
}

void gaps_count(struct zt_reader *reader, uint64_t *lost, uint64_t *unseen) {
    *lost = note_number(reader, "lost-events");
    *unseen = note_number(reader, "unknown-frees") + note_number(reader, "missed-frees");
}

void gaps_json(const char *text) {
    char line[GAPS_SIZE];
    const char *separator = "";
    printf("[");
    while (*text) {
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)length, text);
        printf("%s", separator);
        cli_json_string(line);
        separator = ", ";
        text += length + (text[length] == '\n');
    }
    printf("]");
}
