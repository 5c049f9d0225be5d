#include "tools/ztrace/header_notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int note_text(struct zt_writer *writer, const char *key, const char *text) {
    return text[0] ? zt_writer_note(writer, key, text) : 0;
}

static int note_number(struct zt_writer *writer, const char *key, uint64_t value) {
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    return value ? note_text(writer, key, text) : 0;
}

int header_notes_begin(struct zt_writer *writer, const struct raw_header *header) {
    char program[sizeof(header->program)], obstacle[sizeof(header->obstacle)], started[32];
    char allocator[sizeof(header->allocator)];
    time_t start = (time_t)header->start_time;
    struct tm utc;
    snprintf(program, sizeof(program), "%.*s", (int)sizeof(program) - 1, header->program);
    snprintf(obstacle, sizeof(obstacle), "%.*s", (int)sizeof(obstacle) - 1, header->obstacle);
    snprintf(allocator, sizeof(allocator), "%.*s", (int)sizeof(allocator) - 1, header->allocator);
    if (!gmtime_r(&start, &utc)) memset(&utc, 0, sizeof(utc));
    strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (zt_writer_note(writer, "program", program) != 0) return -1;
    if (zt_writer_note(writer, "started", started) != 0) return -1;
    if (note_number(writer, "pid", header->pid) != 0) return -1;
    if (header->forked && header->images == 1 && note_text(writer, "forked", "yes") != 0) return -1;
    if (note_text(writer, "allocator", allocator) != 0) return -1;
    return note_text(writer, "not-recorded", obstacle);
}

/* Says why the recording stopped, in words that follow "stopped". */
static void find_stop(const struct raw_header *header, struct conversion *c) {
    char *text = c->stopped;
    if (header->stopped == RAW_TIME_OVER) {
        snprintf(text, sizeof(c->stopped), "after %" PRIu64 " s (--duration)",
                 (header->until_ns - header->start_ns) / 1000000000);
    } else if (header->stopped == RAW_LEFT) {
        snprintf(text, sizeof(c->stopped), "when ztrace got a signal");
    } else if (header->stopped != RAW_GOES_ON) {
        snprintf(text, sizeof(c->stopped), "at %" PRIu64 " bytes (--max-size)", header->max_size);
    }
}

/* What the trace lacks. */
static int note_gaps(struct zt_writer *writer, const struct raw_header *header,
                     const struct conversion *c) {
    const char *failed = c->failed ? strerror((int)c->failed) : "";
    if (note_number(writer, "unknown-frees", c->unknown) != 0) return -1;
    if (note_number(writer, "missed-frees", c->missed) != 0) return -1;
    if (note_number(writer, "lost-events", c->lost + c->damaged) != 0) return -1;
    if (note_text(writer, "lost-why", failed) != 0) return -1;
    if (note_text(writer, "stopped", c->stopped) != 0) return -1;
    if (note_text(writer, "begun", c->begun) != 0) return -1;
    if (note_text(writer, "executed", c->executed) != 0) return -1;
    if (note_number(writer, "followed", c->followed) != 0) return -1;
    if (note_number(writer, "lost-stacks", header->stacks_lost) != 0) return -1;
    return note_number(writer, "children", c->children);
}

/* Whether an entry is there twice: by a process's own word, and by its parent's. */
static bool is_known(const struct raw_header *header, uint32_t number) {
    const struct raw_process *one = &header->process[number];
    for (uint32_t i = 1; i < raw_processes(header); i++) {
        const struct raw_process *other = &header->process[i];
        bool same =
            other->pid == one->pid && (other->start == one->start || !other->start || !one->start);
        if (i != number && same && (other->has_file || i < number)) return true;
    }
    return false;
}

static void add_name(char *names, size_t size, const char *name) {
    const char *found = strstr(names, name);
    size_t length = strnlen(name, sizeof(((struct raw_process *)0)->name)), used = strlen(names);
    if (found && (found == names || found[-1] == ' ') &&
        (found[length] == ',' || found[length] == '\0'))
        return;
    (void)snprintf(names + used, size - used, "%s%.*s", used ? ", " : "", (int)length, name);
}

/* What became of the children, as the table of the first process's recording tells. */
static void count_children(const struct raw_header *header, struct conversion *c) {
    for (uint32_t i = 1; i < raw_processes(header); i++) {
        const struct raw_process *process = &header->process[i];
        if (process->pid == 0 || (!process->has_file && is_known(header, i))) continue;
        c->followed += process->has_file;
        if (process->state == RAW_EXECUTES) {
            c->others++;
            add_name(c->other_names, sizeof(c->other_names), process->name);
        } else if (process->state == RAW_NO_RECORDING) {
            c->unmade++;
            c->unmade_error = process->error;
        }
    }
    c->beyond = header->children;
    c->children = c->beyond + c->unmade + c->others;
}

/* Who it is, and what it did that is not recorded. */
static void take_process(const struct raw_header *header, struct conversion *c) {
    const struct raw_process *first = &header->process[0];
    bool executed = header->number == 0 && first->state == RAW_EXECUTES;
    c->pid = header->pid;
    c->paused = header->paused != 0;
    if (header->paused_ns) {
        snprintf(c->begun, sizeof(c->begun), "%.1f s", (double)header->paused_ns / 1e9);
    }
    snprintf(c->program, sizeof(c->program), "%.*s", (int)sizeof(c->program) - 1, header->program);
    snprintf(c->executed, sizeof(c->executed), "%.*s", (int)sizeof(c->executed) - 1,
             executed ? first->name : header->executed);
    count_children(header, c);
}

/* At its end a process may be seen once without the thread. */
static int note_background(struct zt_writer *writer, const struct raw_header *header) {
    const uint64_t first = header->background_first_ns, last = header->background_last_ns;
    char text[64], end[32] = "";
    if (!first) return 0;
    if (header->background_missed > 1) snprintf(end, sizeof(end), " to %.3f s", (double)last / 1e9);
    snprintf(text, sizeof(text), "from %.3f s%s", (double)first / 1e9, end);
    return note_text(writer, "background-thread", text);
}

int header_notes_end(struct zt_writer *writer, const struct raw_header *header,
                     struct conversion *conversion) {
    const uint64_t timed = header->measured;
    conversion->images = header->images;
    conversion->failed = header->failed;
    conversion->lost = header->lost;
    take_process(header, conversion);
    find_stop(header, conversion);
    if (note_number(writer, "recording-ns", timed ? header->measured_ns / timed : 0) != 0)
        return -1;
    if (note_background(writer, header) != 0) return -1;
    return note_gaps(writer, header, conversion);
}
