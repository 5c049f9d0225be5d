#include <inttypes.h>

#include "tools/common/cli.h"
#include "tools/common/stack_text.h"

void stack_json_text(FILE *file, const char *name, const char *text) {
    fprintf(file, "\"%s\": ", name);
    if (text) {
        cli_json_string_to(file, text);
    } else {
        fputs("null", file);
    }
}

void stack_json_figures(FILE *file, const char *name, const int64_t values[FIGURES]) {
    fprintf(file, "\"%s\": {", name);
    for (int f = 0; f < FIGURES; f++) {
        fprintf(file, "%s\"%s\": %" PRId64, f > 0 ? ", " : "", figure_names[f], values[f]);
    }
    fputc('}', file);
}

static void frame(FILE *file, const struct frame *frame) {
    fputs(frame->number > 0 ? ",\n    {" : "\n    {", file);
    stack_json_text(file, "function", frame->function);
    fputs(", ", file);
    stack_json_text(file, "source", frame->source);
    fprintf(file, ", \"resolved\": %s}", frame->is_resolved ? "true" : "false");
}

/* Each frame once: stacks have their numbers. */
static void all_frames(FILE *file, const struct stacks *stacks, size_t shown) {
    size_t count = 0;
    for (size_t s = 0; s < shown; s++) {
        for (size_t i = 0; i < stacks->at[s].depth; i++) stacks->at[s].frames[i]->number = SIZE_MAX;
    }
    fputs("  \"frames\": [", file);
    for (size_t s = 0; s < shown; s++) {
        for (size_t i = 0; i < stacks->at[s].depth; i++) {
            struct frame *found = stacks->at[s].frames[i];
            if (found->number != SIZE_MAX) continue;
            found->number = count++;
            frame(file, found);
        }
    }
    fputs("\n  ],\n", file);
}

static void one_stack(FILE *file, const struct stack *stack, bool is_diff) {
    fputs("{", file);
    stack_json_figures(file, "now", stack->now);
    if (is_diff) {
        fputs(", ", file);
        stack_json_figures(file, "old", stack->old);
    }
    fputs(", ", file);
    stack_json_text(file, "label", stack->label);
    fputs(", \"frames\": [", file);
    for (size_t i = 0; i < stack->depth; i++) {
        fprintf(file, i > 0 ? ", %zu" : "%zu", stack->frames[i]->number);
    }
    fputs("]}", file);
}

void stack_json(FILE *file, const struct stacks *stacks, size_t shown, bool is_diff) {
    all_frames(file, stacks, shown);
    fprintf(file, "  \"all_stacks\": %zu,\n  \"stacks\": [", stacks->count);
    for (size_t i = 0; i < shown; i++) {
        fputs(i > 0 ? ",\n    " : "\n    ", file);
        one_stack(file, &stacks->at[i], is_diff);
    }
    fputs("\n  ]", file);
}
